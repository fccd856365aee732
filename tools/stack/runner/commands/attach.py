"""`stack_test --attach`: tests against the services of a stack that is up already, and stays up."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

from tools.stack.runner.commands import testing
from tools.stack.runner.commands.bazel_test import BazelTest, shown
from tools.stack.runner.engine import locking
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.network import Network
from tools.stack.runner.engine.podman import LABEL_RUN, ContainerState, Podman, PodmanCommandError, Resource
from tools.stack.runner.errors import StackError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.probes import grpc
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import standing
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.renewal import Renewal
from tools.stack.runner.running.session import Session, Settings
from tools.stack.runner.running.standing import Standing

# Tests that are attached at the same time have these addresses; a stack's services begin at the lower end.
_SEATS = range(200, 250)
_PAUSE = 0.2
# Folders of outputs.
_KEPT = 20


async def run(manifest: Manifest, runfiles: Runfiles, bazel: BazelTest, arguments: Sequence[str]) -> None:
    """Runs the manifest's tests against its stack that is up. Raises StackError as testing.run does.

    Beside what `bazel` says of outputs a folder of this run's own is made: several may run at once, and Bazel's
    own script goes through all that is inside, file by file, before `bazel run` ends. The latest are kept.
    """
    preparing = asyncio.create_task(asyncio.to_thread(grpc.prepare))  # While podman is waited for.
    found = await Podman().resources()
    stack = standing.find(found, manifest, runfiles)
    outputs = _own_folder(bazel.outputs.parent / "attached") if bazel.outputs else None
    xml = outputs / "test.xml" if outputs else None
    own = replace(bazel, outputs=outputs, xml=xml, shown_outputs=shown(outputs), timeout=0)
    # Bazel's own directory for temporary files goes with the next `bazel test`.
    settings = Settings(cleanup.KIND_ATTACHED, Path(tempfile.gettempdir()), outputs)
    await testing.run_in(Attachment(manifest, runfiles, settings, stack, found), own, arguments)
    await preparing


def _own_folder(parent: Path) -> Path:
    """A new folder there, beside the latest of other runs."""
    parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # Another run is doing just this.
        for old in sorted(parent.iterdir(), key=lambda each: each.stat().st_mtime)[: -_KEPT + 1]:
            shutil.rmtree(old, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=time.strftime("%H%M%S-"), dir=parent))
    own.chmod(0o755)
    return own


class Attachment(Session):
    """A run of which only the tests' container is its own; its services are those of a stack that is up.

    While it runs nobody else changes that stack; where the tests may hurt its services, no others run on it.
    """

    outlasts_tests = True

    def __init__(
        self, manifest: Manifest, runfiles: Runfiles, settings: Settings, stack: Standing, found: Sequence[Resource]
    ) -> None:
        """`found` is all that there is of stacks, `stack` the one of them that this is about."""
        super().__init__(manifest, runfiles, settings)
        self._stack, self._found = stack, found

    @asynccontextmanager
    async def _services(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Has the services as they are built now, replacing those that differ, and ready."""
        stack = self._stack
        renewal = Renewal(stack, self.manifest, self.layouts, self.timeline, self.progress)
        loader = ImageLoader(self.podman, self._layouts_of_tests(), self._image_loaded)
        loading = group.create_task(loader.load())
        with standing.held(stack) as lock, self._seat(stack.place) as address:
            # The tests' container has to know the address of every service.
            early = not renewal.newcomers
            if early:
                self._settle(group, renewal, address, loader)
            with self.timeline.phase("renew"):
                await self._renew(lock, renewal)
                await loading
            if not early:
                self._settle(group, renewal, address, loader)
            with self.timeline.phase("start"):
                await self._adopt(renewal)
            yield

    def _layouts_of_tests(self) -> list[Layout]:
        """Of the image of the tests' container, which the stack has no use for."""
        return [self.layouts[self.manifest.tests.image]] if self.manifest.tests else []

    def _settle(self, group: asyncio.TaskGroup, renewal: Renewal, address: str, loader: ImageLoader) -> None:
        """Makes the place of the tests' container, and begins what runs beside the services."""
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
        group.create_task(self._run_beside(loader))

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

    async def _adopt(self, renewal: Renewal) -> None:
        """Watches the stack's services, as those of any run, and waits until each answers its probe."""
        there = renewal.containers
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

    async def _tidy_up(self) -> None:
        """That podman works is known: it has found the stack."""
        await cleanup.sweep(self.podman, self.settings.directory, self.progress.event, self._found)

    async def _remove_all(self) -> None:
        """All that it may have made is the tests' container, whose name is known: nothing is looked for."""
        try:
            if self.manifest.tests:
                await self.podman.stop_and_remove(self.place.container_name(self.manifest.tests.name), 0)
        except PodmanCommandError:
            await super()._remove_all()

    async def _clear_up(self) -> None:
        """How the tests' container has ended is known by then: it is removed while the services are looked at."""
        if self._ended_tests():
            await asyncio.gather(self._collect(), self._remove())
        else:
            await super()._clear_up()

    def _ended_tests(self) -> Container | None:
        """The tests' container, once it is known how it has ended, beside services that are all known as well."""
        known = self.supervisor.containers
        tests = known.get(self.manifest.tests.name) if self.manifest.tests else None
        there = all(service.name in known for service in self.manifest.services)
        return tests if tests and tests.last and there else None

    async def _states(self) -> list[ContainerState]:
        # Of a container that has just ended podman says nothing more until it has tidied up after it.
        if (tests := self._ended_tests()) and tests.last:
            with suppress(PodmanCommandError):  # Somebody has replaced or removed one meanwhile.
                others = [each.id for each in self.supervisor.containers.values() if each is not tests]
                return [*await self.podman.inspect(others), tests.last]
        return await super()._states()

    async def _reported(self) -> list[Resource]:
        """The services as they are now, and the tests' container."""
        runs = (self._stack.place.run_id, self.run_id)
        return [each for each in await self.podman.containers() if each.labels[LABEL_RUN] in runs]
