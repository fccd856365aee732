"""One run of a stack, from nothing to nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import layout, network
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import OUTPUTS, Place
from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.locking import locked
from tools.stack.runner.engine.podman import (
    LABEL_KIND,
    LABEL_OWNER,
    LABEL_RUN,
    LABEL_STACK,
    LABEL_WORKDIR,
    ContainerState,
    Podman,
    Resource,
)
from tools.stack.runner.errors import StackError, first_of
from tools.stack.runner.manifest import Manifest, PublishedPort, Service
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.removal import cleanup
from tools.stack.runner.removal.reaper import Reaper
from tools.stack.runner.reporting.report import Report
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import standing
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.overview import rows
from tools.stack.runner.snapshot.snapshots import Snapshots, switched_on


class Keep(Enum):
    """When a stack stays up after its run."""

    NEVER = auto()
    ONCE_UP = auto()  # When nothing failed.
    AFTER_FAILURE = auto()


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a stack.

    `directory` is where the run's own directory is made. `outputs` receives logs, states and the timeline at the end;
    None keeps nothing. What `keep` leaves up is of KIND_DETACHED from the start: nobody owns it when the run is over.
    Without `snapshots` every service starts from nothing.
    """

    kind: str
    directory: Path
    outputs: Path | None = None
    publish: tuple[PublishedPort, ...] = ()
    keep: Keep = Keep.NEVER
    snapshots: bool = True


async def nothing_more() -> None:
    """Does nothing: where there is no preflight, and nothing beside the services."""


class Session:
    """One run of a stack; use `running` once."""

    outlasts_tests = False  # Whether its services go on, for others, when this run is over.

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
        self.kept = False
        self._reaper: Reaper | None = None
        self._creating = False
        self._beside: Callable[[], Awaitable[None]] = nothing_more

    @asynccontextmanager
    async def running(
        self,
        preflight: Callable[[], Awaitable[None]] = nothing_more,
        beside: Callable[[], Awaitable[None]] = nothing_more,
    ) -> AsyncIterator[None]:
        """Starts the stack, yields when all of it is ready, and removes all of it, whatever happens.

        `preflight` is awaited before anything is created, and may raise. `beside` runs beside the services' start and
        the block, from when the image of the tests is loaded; what it raises is a failure of the run. The block is
        cancelled as soon as a container ends by itself. Raises the StackError of the first failure, after everything is
        collected and removed; being cancelled then changes neither.
        """
        self._beside = beside
        failure: BaseException | None = None
        try:
            with self.timeline.phase("prepare"):
                self.layouts = await self._prepare(preflight)
            async with asyncio.TaskGroup() as group:
                sampler = group.create_task(_sample(self.memory))
                async with self._services(group):
                    yield
                await self.supervisor.take_leave()
                sampler.cancel()
        except BaseExceptionGroup as errors:
            failure = first_of(errors)
            raise failure from None
        except BaseException as error:
            failure = error
            raise
        finally:
            interrupted = await _to_the_end(self._finish(failure))
            if interrupted and failure is None:
                raise interrupted

    async def _prepare(self, preflight: Callable[[], Awaitable[None]]) -> dict[str, Layout]:
        """Makes sure that podman works and that somebody cleans up; the layout of each image that is needed."""
        cleanup.make_workdir(self.workdir)
        self._reaper, _ = await asyncio.gather(Reaper.start(self.run_id, self.workdir), self._tidy_up())
        await preflight()
        return layout.read_all(self._containers(), self._runfiles)

    async def _tidy_up(self) -> None:
        """Makes sure that podman works, and removes what dead runs have left."""
        await self.podman.check()
        await cleanup.sweep(self.podman, self.settings.directory, self.progress.event)

    def _containers(self) -> list[Service]:
        return [*self.manifest.services, *([self.manifest.tests] if self.manifest.tests else [])]

    @asynccontextmanager
    async def _services(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Has all services ready during the block. Tasks of `group` load images and watch containers."""
        async with locked(standing.lock_path(self.workdir)):
            await self._start(group)
        yield

    async def _start(self, group: asyncio.TaskGroup) -> None:
        labels = self._labels()
        self._creating = True
        images = {image: layout.id for image, layout in self.layouts.items()}
        wanted = self.settings.snapshots and switched_on()
        snapshots = Snapshots(self.podman, self._runfiles, self.progress.event, wanted=wanted)
        snapshots.begin(self.manifest.services, images)
        loader = ImageLoader(self.podman, self.layouts.values(), self._image_loaded)
        loading = group.create_task(self._load(loader))
        with self.timeline.phase("network"):
            publish = self.settings.publish
            names = [service.name for service in self._containers()]
            net = await network.create(self.podman, self.run_id, names, reachable=bool(publish), labels=labels)
            self.place = Place(
                self.run_id, net, self._runfiles, self.workdir, Secrets(self.workdir / "secrets"), publish
            )
            self.place.hosts_path.write_text(net.hosts_file())
            self.place.secrets.make(self._containers())
            standing.write_record(self.place)
        self.supervisor = Supervisor(
            group,
            self.podman,
            self.place,
            images,
            labels,
            self.timeline,
            self.progress,
            self.memory,
            self.manifest.services,
            snapshots,
        )
        group.create_task(self._run_beside(loader))
        with self.timeline.phase("start"):
            narrator = group.create_task(self._narrate())
            await self.supervisor.start(self.manifest.services, loader.ready)
            await loading
            narrator.cancel()

    async def _run_beside(self, loader: ImageLoader) -> None:
        if self.manifest.tests:
            await loader.ready(self.layouts[self.manifest.tests.image].id)
        await self._beside()

    def _labels(self) -> dict[str, str]:
        return {
            LABEL_RUN: self.run_id,
            LABEL_OWNER: str(ProcessIdentity.current()),
            LABEL_KIND: self.settings.kind,
            LABEL_STACK: self.manifest.label,
            LABEL_WORKDIR: str(self.workdir),
        }

    async def _narrate(self) -> None:
        while True:
            await asyncio.sleep(self.progress.status_interval)
            self.progress.status(self.supervisor.waiting_for(), rows(self.supervisor, self.timeline, self.memory))

    async def _finish(self, failure: BaseException | None) -> None:
        """Collects logs and states, then removes everything.

        Raises StackError when something could not be removed; after a failure that is only reported, so that the
        failure's own diagnosis stays the first.
        """
        keep = self.settings.keep
        if failure is None and keep is Keep.ONCE_UP:
            cleanup.disown(self.workdir)
            self._dismiss_reaper()
            return
        self.kept = self._creating and isinstance(failure, StackError) and keep is Keep.AFTER_FAILURE
        try:
            if self._creating:
                await self._clear_up()
            self._dismiss_reaper()
        except (StackError, OSError) as error:
            if failure is None:
                raise
            self.progress.event(f"not everything could be kept and removed: {error}")
        finally:
            if self.kept:
                cleanup.disown(self.workdir)
            else:
                cleanup.remove_workdir(self.workdir)
            self._report(failure)

    async def _clear_up(self) -> None:
        await self._collect()
        if not self.kept:
            await self._remove()

    def _report(self, failure: BaseException | None) -> None:
        try:
            self.report.write_summary(failure)
        except Exception as error:
            if failure is None:
                raise
            self.progress.event(f"the report could not be written: {type(error).__name__} {error}")

    async def _collect(self) -> None:
        try:
            with self.timeline.phase("collect"):
                if states := await self._states():
                    self.report.write_containers(states, self.place)
        except (StackError, OSError) as error:
            self.progress.event(f"logs and states could not be collected: {error}")

    async def _remove(self) -> None:
        with self.timeline.phase("remove"):
            await self._remove_all()
        self.report.keep_outputs(self.workdir / OUTPUTS)

    async def _remove_all(self) -> None:
        await cleanup.remove_run(self.podman, self.run_id)

    async def _states(self) -> list[ContainerState]:
        """Of the containers that the report is about."""
        return await self.podman.inspect([each.id for each in await self._reported()])

    async def _reported(self) -> list[Resource]:
        return await self.podman.containers(f"{LABEL_RUN}={self.run_id}")

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


async def _to_the_end(work: Coroutine[Any, Any, None]) -> asyncio.CancelledError | None:
    """Awaits `work`, which being cancelled does not stop; how this was cancelled meanwhile. Raises what `work` raises."""
    task, cancelled = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    return cancelled
