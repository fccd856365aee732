"""`stack_test --attach`: tests against the services of a stack that is up already, and stays up."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

from tools.stack.runner.commands import testing
from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.engine import locking
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.network import Network
from tools.stack.runner.engine.podman import LABEL_RUN, Podman, Resource
from tools.stack.runner.errors import StackDownError, StackError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.probes import grpc
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import standing
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.renewal import Renewal
from tools.stack.runner.running.session import Session, Settings
from tools.stack.runner.running.standing import Standing

# Tests that are attached at the same time have these addresses; a stack's services begin at the lower end.
_SEATS = range(200, 250)
_PAUSE = 0.2


async def run(manifest: Manifest, runfiles: Runfiles, bazel: BazelTest, arguments: Sequence[str]) -> None:
    """Runs the manifest's tests against its stack that is up. Raises StackError as testing.run does.

    What `bazel` says of outputs is where a folder of this run's own is made: several may run at once.
    """
    preparing = asyncio.create_task(asyncio.to_thread(grpc.prepare))  # While podman is waited for.
    stack = await standing.find(Podman(), manifest, runfiles)
    outputs = None
    if bazel.outputs:
        bazel.outputs.mkdir(parents=True, exist_ok=True)
        outputs = Path(tempfile.mkdtemp(prefix="attached-", dir=bazel.outputs))
        outputs.chmod(0o755)
    shown = "/".join(filter(None, (bazel.shown_outputs, outputs.name))) if outputs else ""
    own = replace(bazel, outputs=outputs, xml=outputs / "test.xml" if outputs else None, shown_outputs=shown, timeout=0)
    # Bazel's own directory for temporary files goes with the next `bazel test`.
    settings = Settings(cleanup.KIND_ATTACHED, Path(tempfile.gettempdir()), outputs)
    await testing.run_in(Attachment(manifest, runfiles, settings, stack), own, arguments)
    await preparing


class Attachment(Session):
    """A run of which only the tests' container is its own; its services are those of a stack that is up.

    While it runs nobody else changes that stack; where the tests may hurt its services, no others run on it.
    """

    outlasts_tests = True

    def __init__(self, manifest: Manifest, runfiles: Runfiles, settings: Settings, stack: Standing) -> None:
        super().__init__(manifest, runfiles, settings)
        self._stack = stack

    @asynccontextmanager
    async def _services(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Has the services as they are built now, replacing those that differ, and ready."""
        stack = self._stack
        renewal = Renewal(stack, self.manifest, self.layouts, self.timeline, self.progress)
        loading = group.create_task(self._load_tests())
        with _held_open(stack.place) as lock, self._seat(stack.place) as address:
            with self.timeline.phase("renew"):
                await self._renew(lock, renewal)
                await loading
            self.place = self._own_place(renewal.place, address)
            self._creating = True
            self.supervisor = Supervisor(
                group,
                self.podman,
                self.place,
                renewal.images,
                self._labels(),
                self.timeline,
                self.progress,
                self.memory,
                self.manifest.services,
            )
            with self.timeline.phase("start"):
                await self._adopt()
            yield

    async def _load_tests(self) -> None:
        """Loads the image of the tests' container, which the stack has no use for."""
        if self.manifest.tests:
            tests = [self.layouts[self.manifest.tests.image]]
            await ImageLoader(self.podman, tests, self._image_loaded).load()

    async def _renew(self, lock: locking.FileLock, renewal: Renewal) -> None:
        """Replaces what differs while nobody else uses the stack; from then on it is shared with other tests.

        The tests that run on it need nothing replaced: so it is not waited for their end unless something differs.
        """
        told = False

        def waiting() -> None:
            nonlocal told
            if not told:
                self.progress.event("waiting for others that change the stack, or whose tests run on it")
            told = True

        if self.manifest.faults:
            await lock.own(waiting)
        else:
            await lock.share(waiting)
        while reasons := await renewal.differences():
            if self.manifest.faults or lock.try_to_own():
                for name, reason in reasons.items():
                    self.progress.event(f"{name} is replaced: {reason}")
                await renewal.carry_out(reasons)
                break
            waiting()
            await asyncio.sleep(_PAUSE)
            await lock.share(waiting)
        if not self.manifest.faults:
            await lock.share(waiting)

    async def _adopt(self) -> None:
        """Watches the stack's services, as those of any run, and waits until each answers its probe."""
        there = await standing.containers(self.podman, self._stack.place.run_id)
        containers = [await self.supervisor.adopt(service, there[service.name]) for service in self.manifest.services]
        waiting = [each for each in containers if not each.ready]
        await asyncio.gather(*(self.supervisor.until_ready(each, silently=True) for each in waiting))

    @contextmanager
    def _seat(self, place: Place) -> Iterator[str]:
        """An address for the tests' container that no other attached tests have."""
        any_address = next(iter(place.network.addresses.values()))
        subnet = IPv4Network(f"{any_address}/24", strict=False)
        for number in _SEATS:
            with locking.opened(place.workdir / f"tests-{number}.lock") as seat:
                if seat.try_to_own():
                    yield str(subnet[number])
                    return
        raise StackError(f"{len(_SEATS)} tests are attached to {self.manifest.label} already")

    def _own_place(self, stack: Place, address: str) -> Place:
        """The place of the tests' container: the stack's network and secrets, and files of this run."""
        tests = {self.manifest.tests.name: address} if self.manifest.tests else {}
        net = Network(stack.network.name, {**stack.network.addresses, **tests})
        secrets = Secrets(self.workdir / "secrets", stack.secrets.known)
        place = Place(self.run_id, net, self._runfiles, self.workdir, secrets)
        place.hosts_path.write_text(net.hosts_file())
        for service in self.manifest.services:
            for own, theirs in (
                (place.log_path(service.name), stack.log_path(service.name)),
                (place.pid_path(service.name), stack.pid_path(service.name)),
            ):
                own.symlink_to(theirs)
            log = stack.log_path(service.name)
            self.report.log_starts[service.name] = log.stat().st_size if log.exists() else 0
        return place

    async def _reported(self) -> list[Resource]:
        """The services as they are now, and the tests' container."""
        runs = (self._stack.place.run_id, self.run_id)
        return [each for each in await self.podman.containers() if each.labels[LABEL_RUN] in runs]


@contextmanager
def _held_open(place: Place) -> Iterator[locking.FileLock]:
    try:
        with locking.opened(standing.lock_path(place.workdir)) as lock:
            yield lock
    except FileNotFoundError:
        if place.workdir.is_dir():
            raise
        raise StackDownError("the stack was taken down meanwhile") from None
