"""One run of a stack, from nothing to nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.stack.runner import cleanup, layout, network
from tools.stack.runner.confidential import Secrets
from tools.stack.runner.container import OUTPUTS, Place
from tools.stack.runner.errors import StackError
from tools.stack.runner.images import ImageLoader
from tools.stack.runner.layout import Layout
from tools.stack.runner.lifecycle import Supervisor
from tools.stack.runner.manifest import Manifest, PublishedPort
from tools.stack.runner.podman import (
    LABEL_KIND,
    LABEL_OWNER,
    LABEL_RUN,
    LABEL_STACK,
    LABEL_WORKDIR,
    Podman,
)
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.progress import Progress
from tools.stack.runner.reaper import Reaper
from tools.stack.runner.report import Report
from tools.stack.runner.resources import ResourceWatch
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a stack.

    `directory` is where the run's own directory is made. `outputs` receives logs, states and the timeline at the end;
    None keeps nothing. With `keep`, a stack that came up stays up after the block.
    """

    kind: str
    directory: Path
    outputs: Path | None = None
    publish: tuple[PublishedPort, ...] = ()
    keep: bool = False


async def _nothing_more() -> None:
    pass


class Session:
    """One run of a stack; use `running` once."""

    def __init__(self, manifest: Manifest, runfiles: Runfiles, settings: Settings) -> None:
        self.manifest, self.settings = manifest, settings
        self.run_id = f"{cleanup.WORKDIR_PREFIX}{secrets.token_hex(4)}"
        self.workdir = settings.directory / self.run_id
        self.podman = Podman(self.run_id, self.workdir)
        self.timeline = Timeline()
        self.progress = Progress(self.timeline)
        self.memory = ResourceWatch(self.timeline.now)
        self.report = Report(manifest, self.timeline, self.memory, settings.outputs)
        self.place: Place  # Known once there is a network.
        self.supervisor: Supervisor
        self.layouts: dict[str, Layout]  # By the image, as services name it.
        self._runfiles = runfiles
        self._reaper: Reaper | None = None
        self._creating = False

    @asynccontextmanager
    async def running(self, preflight: Callable[[], Awaitable[None]] = _nothing_more) -> AsyncIterator[None]:
        """Starts the stack, yields when all of it is ready, and removes all of it, whatever happens.

        `preflight` is awaited before anything is created, and may raise. The block is cancelled as soon as a container
        ends by itself. Raises the StackError of the first failure, after everything is collected and removed.
        """
        failure: BaseException | None = None
        try:
            with self.timeline.phase("prepare"):
                self.layouts = await self._prepare(preflight)
            async with asyncio.TaskGroup() as group:
                sampler = group.create_task(_sample(self.memory))
                await self._start(group)
                yield
                self.supervisor.dismiss()
                sampler.cancel()
        except BaseExceptionGroup as errors:
            failure = next(_leaves(errors))
            raise failure from None
        except BaseException as error:
            failure = error
            raise
        finally:
            await asyncio.shield(self._finish(failure))

    async def _prepare(self, preflight: Callable[[], Awaitable[None]]) -> dict[str, Layout]:
        """Makes sure that podman works and that somebody cleans up; the layout of each image that is needed."""
        self.workdir.mkdir(mode=0o700)
        self._reaper, _ = await asyncio.gather(Reaper.start(self.run_id, self.workdir), self.podman.check())
        await cleanup.sweep(self.podman, self.progress.event)
        await preflight()
        services = [*self.manifest.services, *([self.manifest.tests] if self.manifest.tests else [])]
        images = {service.image: service.image_label or service.image for service in services}
        return {image: layout.read(self._runfiles.resolve(image), name) for image, name in images.items()}

    async def _start(self, group: asyncio.TaskGroup) -> None:
        """Brings all services up. Tasks of `group` load images and watch containers."""
        names = [service.name for service in self.manifest.services]
        labels = {
            LABEL_RUN: self.run_id,
            LABEL_OWNER: str(ProcessIdentity.current()),
            LABEL_KIND: self.settings.kind,
            LABEL_STACK: self.manifest.label,
            LABEL_WORKDIR: str(self.workdir),
        }
        self._creating = True
        loader = ImageLoader(self.podman, self.layouts.values(), self._image_loaded)
        loading = group.create_task(self._load(loader))
        with self.timeline.phase("network"):
            publish = self.settings.publish
            if self.manifest.tests:
                names.append(self.manifest.tests.name)
            net = await network.create(self.podman, self.run_id, names, reachable=bool(publish), labels=labels)
            self.place = Place(
                self.run_id, net, self._runfiles, self.workdir, Secrets(self.workdir / "secrets"), publish
            )
            self.place.hosts_path.write_text(net.hosts_file())
        images = {image: layout.id for image, layout in self.layouts.items()}
        self.supervisor = Supervisor(
            group, self.podman, self.place, images, labels, self.timeline, self.progress, self.memory
        )
        with self.timeline.phase("start"):
            narrator = group.create_task(self._narrate())
            await self.supervisor.start(self.manifest.services, loader.ready)
            await loading
            narrator.cancel()

    async def _narrate(self) -> None:
        while True:
            await asyncio.sleep(self.progress.status_interval)
            self.progress.status(self.supervisor.waiting_for())

    async def _finish(self, failure: BaseException | None) -> None:
        """Collects logs and states, then removes everything.

        Raises StackError when something could not be removed; after a failure that is only reported, so that the
        failure's own diagnosis stays the first.
        """
        if failure is None and self.settings.keep:
            self._dismiss_reaper()
            return
        try:
            if self._creating:
                await self._collect_and_remove()
            self._dismiss_reaper()
        except (StackError, OSError) as error:
            if failure is None:
                raise
            self.progress.event(f"not everything could be kept and removed: {error}")
        finally:
            cleanup.remove_workdir(self.workdir)
            self._report(failure)

    def _report(self, failure: BaseException | None) -> None:
        try:
            self.report.write_summary(failure)
        except Exception as error:
            if failure is None:
                raise
            self.progress.event(f"the report could not be written: {type(error).__name__} {error}")

    async def _collect_and_remove(self) -> None:
        try:
            with self.timeline.phase("collect"):
                await self._collect()
        except (StackError, OSError) as error:
            self.progress.event(f"logs and states could not be collected: {error}")
        with self.timeline.phase("remove"):
            await cleanup.remove_run(self.podman, self.run_id)
        self.report.keep_outputs(self.workdir / OUTPUTS)

    async def _collect(self) -> None:
        resources = await self.podman.resources(f"{LABEL_RUN}={self.run_id}")
        containers = [resource.id for resource in resources if resource.kind == "container"]
        if containers:
            self.report.write_containers(await self.podman.inspect(containers), self.place)

    def _dismiss_reaper(self) -> None:
        if self._reaper:
            self._reaper.dismiss()

    async def _load(self, loader: ImageLoader) -> None:
        with self.timeline.phase("images"):
            await loader.load()

    def _image_loaded(self, name: str, seconds: float) -> None:
        self.progress.event(f"image {name} loaded", seconds)


async def _sample(memory: ResourceWatch, interval: float = 0.5) -> None:
    while True:
        memory.sample()
        await asyncio.sleep(interval)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions in a group of groups, in the order in which they happened."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
