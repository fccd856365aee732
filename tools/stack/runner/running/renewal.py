"""Brings services of a stack that is up to what they are declared and built as now."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import content, network
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.podman import LABEL_CONTENT, Podman, Resource
from tools.stack.runner.errors import ServiceError, StackError, first_of
from tools.stack.runner.manifest import Manifest, Service
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.running import standing
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.overview import rows
from tools.stack.runner.running.standing import Standing

# The tests' container of a run that was kept.
_TESTS = "tests"


def differences(
    services: Iterable[Service], images: Mapping[str, str], place: Place, containers: Mapping[str, Resource]
) -> dict[str, str]:
    """The services whose container is not, or no longer, what it should be, and in what; `images` are ids by image."""

    def difference(service: Service) -> str:
        container = containers.get(service.name)
        if container is None:
            return "it is not there"
        if not container.pid and (container.exit_code or not service.task):
            return f"it has ended with {container.exit_code}"
        image = images[service.image]
        if container.image != image:
            return "its image is another"
        if container.labels.get(LABEL_CONTENT) != content.digest(service, image, place.runfiles):
            return "its declaration or its files are others"
        return ""

    return {service.name: text for service in services if (text := difference(service))}


class Renewal:
    """Replaces services of a stack that is up by what a manifest declares, with the layouts as their images.

    Whoever has it replace something owns the run's lock (standing.lock_path).
    """

    def __init__(
        self,
        stack: Standing,
        manifest: Manifest,
        layouts: Mapping[str, Layout],
        timeline: Timeline,
        progress: Progress,
    ) -> None:
        self._stack, self._manifest, self._layouts = stack, manifest, layouts
        self._timeline, self._progress = timeline, progress
        self.images = {image: each.id for image, each in layouts.items()}
        # Its commands are the stack's own: they come to their end also where the program that asked is killed.
        self._podman = Podman(stack.place.run_id, stack.place.workdir)
        self.place = stack.place
        self._told: set[str] = set()
        self.containers: dict[str, Resource] = {}  # By service, as they were found, and replaced, last.

    @property
    def newcomers(self) -> list[str]:
        """The services that have no address yet, since they were declared after the stack came up."""
        return [service.name for service in self._manifest.services if service.name not in self.place.network.addresses]

    async def differences(self) -> dict[str, str]:
        """The services to replace, and why."""
        self.containers = await standing.containers(self._podman, self.place.run_id)
        self._tell_of_strangers(self.containers)
        return differences(self._manifest.services, self.images, self.place, self.containers)

    async def carry_out(self, names: Collection[str]) -> None:
        """Replaces these services, each as soon as those of them that it needs are ready again; returns when all are.

        Their volumes stay. Raises the StackError of the first that cannot be started or is not ready in time: that one
        is ended, so that nobody takes it for ready; all else stays as it is. A service is ended while its new image
        loads, which is the faster: where the image cannot be loaded the old container is gone, and the service is
        started anew the next time.
        """
        services = [
            replace(service, needs=tuple(need for need in service.needs if need in names))
            for service in self._manifest.services
            if service.name in names
        ]
        self._give_addresses()
        layouts = {service.image: self._layouts[service.image] for service in services}
        memory = ResourceWatch(self._timeline.now)
        supervisor: Supervisor | None = None
        try:
            async with asyncio.TaskGroup() as group:
                loader = ImageLoader(self._podman, layouts.values(), self._image_loaded)
                loading = group.create_task(loader.load())
                supervisor = Supervisor(
                    group,
                    self._podman,
                    self.place,
                    self.images,
                    self._stack.labels,
                    self._timeline,
                    self._progress,
                    memory,
                    self._manifest.services,
                )
                narrator = group.create_task(self._narrate(supervisor, memory))
                await supervisor.start(services, loader.ready, self._end_old)
                await loading
                narrator.cancel()
                supervisor.dismiss()
            for name, new in supervisor.containers.items():
                self.containers[name] = Resource("container", new.id, self.place.container_name(name), {}, pid=new.pid)
        except BaseExceptionGroup as errors:
            failure = first_of(errors)
            if supervisor and isinstance(failure, ServiceError):
                await self._end_new(supervisor, failure.service)
            raise failure from None

    def _tell_of_strangers(self, there: Iterable[str]) -> None:
        """Says once which services are up that are not declared any more: tests could pass by them."""
        declared = {service.name for service in self._manifest.services} | {_TESTS}
        for name in sorted({*there} - declared - self._told):
            self._told.add(name)
            self._progress.event(f"{name} is no longer declared, and stays until the stack is taken down")

    def _give_addresses(self) -> None:
        """Services that were declared since the stack came up get addresses, and their names become known to all."""
        if not self.newcomers:
            return
        net = network.extended(self.place.network, self.newcomers)
        self.place = replace(self.place, network=net)
        # In place: containers have this very file as their /etc/hosts.
        self.place.hosts_path.write_text(net.hosts_file())
        standing.write_record(self.place)

    async def _end_old(self, service: Service) -> None:
        await self._podman.stop_and_remove(self.place.container_name(service.name), service.stop_timeout)

    async def _end_new(self, supervisor: Supervisor, name: str) -> None:
        container = supervisor.containers.get(name)
        try:
            if container and not container.ready:
                await self._podman.stop(container.id, container.service.stop_timeout)
        except StackError as error:
            self._progress.event(f"{name} could not be ended: {error}")

    async def _narrate(self, supervisor: Supervisor, memory: ResourceWatch) -> None:
        while True:
            await asyncio.sleep(self._progress.status_interval)
            self._progress.status(supervisor.waiting_for(), rows(supervisor, self._timeline, memory))

    def _image_loaded(self, name: str, seconds: float) -> None:
        self._progress.event(f"image {name} loaded", seconds)
