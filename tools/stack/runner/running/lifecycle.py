"""Starts the services of a stack and keeps an eye on them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from tools.stack.runner import probes
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import content
from tools.stack.runner.engine.container import Extra, Place, run_arguments
from tools.stack.runner.engine.disk import VolumeError
from tools.stack.runner.engine.podman import (
    LABEL_CONTENT,
    LABEL_SERVICE,
    Podman,
    PodmanCommandError,
    Resource,
)
from tools.stack.runner.errors import Exit, ServiceExitedError, ServiceNotReadyError, ServiceStartError
from tools.stack.runner.manifest import Service
from tools.stack.runner.reporting import diagnosis, logs
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.running import topology
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.watch import ended, has_ended
from tools.stack.runner.snapshot import proof
from tools.stack.runner.snapshot.snapshots import Snapshots

_SETTLE_ATTEMPTS = 100
_SETTLE_INTERVAL = 0.05


async def _nobody_is_in_the_way(service: Service) -> None:
    pass


class Supervisor:
    """Starts containers and reports the first thing that goes wrong with one.

    Each container is watched by a task of `group` from its start until `dismiss`: when it ends, the task raises, and
    with it the whole group ends at once.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        podman: Podman,
        place: Place,
        images: Mapping[str, str],
        labels: Mapping[str, str],
        timeline: Timeline,
        progress: Progress,
        memory: ResourceWatch,
        services: Sequence[Service],
        snapshots: Snapshots | None = None,
    ) -> None:
        """`images` maps the image of each service to its id; `services` are all of the stack.

        Without `snapshots` every service starts from nothing.
        """
        self._group, self._podman, self._place, self._images = group, podman, place, images
        self._labels, self._timeline, self._progress = labels, timeline, progress
        self._watchers: list[tuple[Container, asyncio.Task[None]]] = []
        self._waiting: dict[str, str | probes.Readiness] = {}
        self.services = {service.name: service for service in services}
        self.containers: dict[str, Container] = {}
        self._news = asyncio.Condition()
        self._memory, self._snapshots = memory, snapshots

    async def start(
        self,
        services: Sequence[Service],
        image_ready: Callable[[str], Awaitable[None]],
        make_way: Callable[[Service], Awaitable[None]] = _nobody_is_in_the_way,
    ) -> None:
        """Starts all services, each as soon as its image and what it needs are ready; returns when all are.

        `make_way` ends what is in a service's place: beside the loading of its image, once what it needs is ready. A task
        is ready when it has ended with 0. Raises ServiceStartError, ServiceNotReadyError and, for tasks,
        ServiceExitedError, in a group.
        """
        topology.start_order(services)
        ready = {service.name: asyncio.Event() for service in services}

        async def have_image(service: Service) -> None:
            await image_ready(self._images[service.image])
            self._timeline.service(service.name).image_ready = self._timeline.now()

        async def bring_up(service: Service) -> None:
            loading = starting.create_task(have_image(service))
            for need in service.needs:
                self._waiting[service.name] = f"it needs {need}"
                await ready[need].wait()
            self._waiting[service.name] = "its image is being loaded"
            await asyncio.gather(loading, make_way(service))
            self._waiting[service.name] = "it is being started"
            container = await self._thawed(service) or await self.run(service)
            if service.task:
                self._waiting[service.name] = "it has not ended yet"
                await self._until_done(container)
            else:
                self._start_watching(container)
                self._waiting[service.name] = container.readiness
                await self.until_ready(container)
                if self._snapshots:
                    await self._snapshots.keep(service, container.id, self._memory.in_use.get(service.name, 0))
            del self._waiting[service.name]
            ready[service.name].set()

        async with asyncio.TaskGroup() as starting:
            for service in services:
                starting.create_task(bring_up(service))

    async def run(self, service: Service, extra: Extra | None = None) -> Container:
        """Starts one container, unwatched. Raises ServiceStartError."""
        log_start = self._log_size(service)
        try:
            identifier = await self._podman.run(*self._made_of(service, extra))
        except (PodmanCommandError, VolumeError) as error:
            raise ServiceStartError(service.name, f"{service.name} could not be started: {error.reason}") from error
        container = Container(service, identifier, self._pid(service), self._timeline.now(), probes.Readiness())
        container.log_start = log_start
        await self._know(container)
        self._timeline.service(service.name).started = container.started
        self._progress.event(f"{service.name} started")
        return container

    async def _thawed(self, service: Service) -> Container | None:
        """A container that runs from the service's snapshot and has proved to be ready, if there is a good one."""
        began, log_start = self._timeline.now(), self._log_size(service)
        identifier = await self._snapshots.thaw(service, *self._made_of(service)) if self._snapshots else None
        if not self._snapshots or not identifier:
            return None
        container = Container(service, identifier, self._pid(service), began, probes.Readiness(), log_start=log_start)
        if why := await proof.doubt(self._ask(container), ended(container.pid), container.readiness):
            await self._snapshots.distrust(service, identifier, why)
            return None
        await self._know(container)
        times = self._timeline.service(service.name)
        times.started, times.from_snapshot = began, True
        self._progress.event(f"{service.name} restored from a snapshot", self._timeline.now() - began)
        return container

    def _made_of(self, service: Service, extra: Extra | None = None) -> tuple[list[str], dict[str, str]]:
        """The arguments and labels of `podman run`."""
        image = self._images[service.image]
        made_of = content.digest(service, image, self._place.runfiles)
        labels = {**self._labels, LABEL_SERVICE: service.name, LABEL_CONTENT: made_of}
        return run_arguments(service, image, self._place, extra), labels

    def _log_size(self, service: Service) -> int:
        """How long the log is that a container of that name has written before."""
        log = self._place.log_path(service.name)
        return log.stat().st_size if log.exists() else 0

    async def adopt(self, service: Service, there: Resource, *, watched: bool = True) -> Container:
        """Takes over a container that another program has started; a task must have ended."""
        container = Container(service, there.id, there.pid, self._timeline.now(), probes.Readiness())
        await self._know(container)
        if service.task:
            container.ready = True
            container.ended.set()
        elif watched:
            self._start_watching(container)
        return container

    async def _know(self, container: Container) -> None:
        name = container.service.name
        async with self._news:
            self.containers[name] = container
            self._news.notify_all()
        if container.pid:
            self._memory.add(name, container.pid)

    async def started(self, name: str) -> Container:
        """The container of that name, once podman has said that it was started; it may be at work before."""
        async with self._news:
            await self._news.wait_for(lambda: name in self.containers)
        return self.containers[name]

    async def start_again(self, container: Container) -> None:
        """Starts a container that was ended on purpose, as it was then; it is watched from now on, but not ready.

        Raises ServiceStartError.
        """
        name = container.service.name
        container.log_start = self._log_size(container.service)
        try:
            await self._podman.start(container.id)
        except PodmanCommandError as error:
            raise ServiceStartError(name, f"{name} could not be started again: {error.reason}") from error
        container.pid, container.started = self._pid(container.service), self._timeline.now()
        container.readiness, container.ready, container.end_is_wanted = probes.Readiness(), False, False
        container.ended.clear()
        self._memory.add(name, container.pid)
        self._start_watching(container)

    async def until_ready(self, container: Container, *, silently: bool = False) -> None:
        """Waits until the container's probe is answered as it should. Raises ServiceNotReadyError."""
        service, readiness = container.service, container.readiness
        try:
            async with asyncio.timeout(service.ready_timeout):
                await self._ask(container)
        except TimeoutError:
            log, oom_kills = self._place.log_path(service.name), self._memory.oom_kills_of(service.name)
            line = diagnosis.not_ready(
                service.name, service.ready_timeout, readiness, logs.last_line(log), oom_kills, service.memory
            )
            raise ServiceNotReadyError(service.name, line, logs.evidence(service.name, log)) from None
        finally:
            self._record(container)
        container.ready, container.ready_at = True, self._timeline.now()
        now, times = self._timeline.now(), self._timeline.service(service.name)
        times.ready = now if times.ready is None else times.ready
        if service.probe and not silently:
            self._progress.event(f"{service.name} ready", now - container.started)

    async def _until_done(self, container: Container) -> None:
        """Waits until a task has ended with 0. Raises ServiceNotReadyError and ServiceExitedError."""
        name, limit = container.service.name, container.service.ready_timeout
        log = self._place.log_path(name)
        try:
            async with asyncio.timeout(limit):
                exit = await self.exit_of(container)
        except TimeoutError:
            line = diagnosis.not_done(name, limit, logs.last_line(log))
            raise ServiceNotReadyError(name, line, logs.evidence(name, log)) from None
        if exit.code:
            line = diagnosis.exited(name, exit, None, logs.last_line(log))
            raise ServiceExitedError(name, exit, line, logs.evidence(name, log))
        container.ready = True
        container.ended.set()
        self._timeline.service(name).ready = self._timeline.now()
        self._progress.event(f"{name} done", exit.after)

    async def exit_of(self, container: Container) -> Exit:
        """Waits until the container has ended; how it did."""
        await ended(container.pid)
        now = self._timeline.now()
        self._timeline.service(container.service.name).exited = now
        for _ in range(_SETTLE_ATTEMPTS):
            (state,) = await self._podman.inspect([container.id])
            if not state.running:
                break
            await asyncio.sleep(_SETTLE_INTERVAL)  # conmon is still writing the exit code down.
        container.last = state
        return Exit(state.exit_code, state.oom_killed, state.seconds, state.error, container.service.memory)

    def waiting_for(self) -> dict[str, str]:
        """Why each service that is not ready isn't: for those that run, the last answer to the probe."""
        return {name: why if isinstance(why, str) else why.last.text for name, why in self._waiting.items()}

    def dismiss(self) -> None:
        """Stops watching: from now on containers may end."""
        for _, watcher in self._watchers:
            watcher.cancel()

    async def take_leave(self) -> None:
        """Stops watching as `dismiss` does, once it is told of what has ended before: podman takes a moment to say how.

        Raises ServiceExitedError.
        """
        for container, watcher in self._watchers:
            if not container.end_is_wanted and has_ended(container.pid):
                await watcher
        self.dismiss()

    def _start_watching(self, container: Container) -> None:
        self._watchers.append((container, self._group.create_task(self._watch(container))))

    async def _watch(self, container: Container) -> None:
        name = container.service.name
        exit = await self.exit_of(container)
        self._record(container)
        answer = container.readiness.last if container.service.probe else None
        ready_for = self._timeline.now() - container.ready_at if container.ready else None
        log = self._place.log_path(name)
        line = diagnosis.exited(name, exit, answer, logs.last_line(log), ready_for)
        if container.end_is_wanted:
            container.ended.set()
        else:
            raise ServiceExitedError(name, exit, line, logs.evidence(name, log))

    async def _ask(self, container: Container) -> None:
        if container.service.probe:
            probe = probes.make(container.service.probe)
            await probes.until_ready(probe, self._target(container), container.readiness)

    async def ask_once(self, container: Container) -> None:
        """Asks a container that has a probe whether it is still ready; its `readiness` has the answer."""
        if container.service.probe:
            began, probe = self._timeline.clock(), probes.make(container.service.probe)
            answer = await probes.ask(probe, self._target(container), probes.ATTEMPT_TIMEOUT)
            container.readiness.answered(answer, began)

    def _target(self, container: Container) -> probes.Target:
        service = container.service
        asked = self.services[service.probe.at] if service.probe and service.probe.at else service
        return probes.Target(
            self._place.network.addresses[asked.name],
            dict(asked.ports),
            partial(self._podman.execute, container.id),
            self._place.secrets.value,
            logs.Follower(self._place.log_path(service.name), container.log_start).read,
        )

    def _pid(self, service: Service) -> int:
        return int(self._place.pid_path(service.name).read_text())

    def _record(self, container: Container) -> None:
        times = self._timeline.service(container.service.name)
        times.attempts, times.last_answer = container.readiness.attempts, container.readiness.last.text
        answers = [(at - self._timeline.began, answer.text) for at, answer in container.readiness.changes]
        times.answers += [answer for answer in answers if answer not in times.answers]
