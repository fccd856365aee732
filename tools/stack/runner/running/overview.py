"""How each service of a run is at the moment, for its status table."""

from __future__ import annotations

from tools.stack.runner.display.status import Row, State
from tools.stack.runner.manifest import Service
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.lifecycle import Supervisor


def rows(supervisor: Supervisor, timeline: Timeline, memory: ResourceWatch) -> list[Row]:
    """A row for each service, in the order of their declaration."""
    now, waiting = timeline.now(), supervisor.waiting_for()

    def row(service: Service) -> Row:
        name, container = service.name, supervisor.containers.get(service.name)
        if container is None:
            return Row(name, State.WAITING, now, 0, waiting.get(name, ""))
        state = _state(container)
        ready = timeline.service(name).ready
        since = ready if state is State.READY and ready is not None else container.started
        answer = container.readiness.last.text if service.probe and state is not State.ENDED else ""
        return Row(name, state, now - since, 0 if container.ended.is_set() else memory.in_use.get(name, 0), answer)

    return [row(service) for service in supervisor.services.values()]


def _state(container: Container) -> State:
    service = container.service
    if service.task:
        return State.DONE if container.ready else State.STARTING
    if container.ended.is_set():
        return State.REPLACING if container.end_is_wanted else State.ENDED
    if not container.ready:
        return State.STARTING
    return State.READY if not service.probe or container.readiness.last.ready else State.FAILING
