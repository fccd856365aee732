"""Messages as spans, by the semantic conventions for messaging. Each wraps the port that it is named after."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from orchestrator.adapters.nats.topology import (
    EVENTS_PREFIX,
    STEPS_CONSUMERS,
    results_subject,
    steps_subject,
)
from orchestrator.agents.pump import Worker
from orchestrator.application.correlation import current_traceparent
from orchestrator.application.ports import DeliberationEvent, EventPublisher, ResultAnnouncer, StepQueue
from orchestrator.application.tracing import Attributes, SpanKind, Tracer
from orchestrator.domain.steps import StepRequest

_RESULTS_TEMPLATE = "agent.results.{task_id}"


class TracedQueue:
    """StepQueue that has each step continue the trace from the span of its publication."""

    def __init__(self, queue: StepQueue, tracer: Tracer) -> None:
        self._queue = queue
        self._tracer = tracer

    async def publish(self, request: StepRequest) -> None:
        subject = steps_subject(request.agent_type.pool, request.role)
        attributes = {**_publishing(subject), **_step(request), "messaging.message.id": request.step_id}
        with self._tracer.span(f"publish {subject}", SpanKind.PRODUCER, attributes):
            await self._queue.publish(replace(request, traceparent=current_traceparent() or request.traceparent))


class TracedAnnouncer:
    """ResultAnnouncer with a span for each announcement."""

    def __init__(self, announcer: ResultAnnouncer, tracer: Tracer) -> None:
        self._announcer = announcer
        self._tracer = tracer

    async def announce(self, task_id: str, step_id: str) -> None:
        attributes = _publishing(results_subject(task_id), _RESULTS_TEMPLATE)
        with self._tracer.span(f"publish {_RESULTS_TEMPLATE}", SpanKind.PRODUCER, attributes):
            await self._announcer.announce(task_id, step_id)


class TracedEvents:
    """EventPublisher with a span for each event."""

    def __init__(self, events: EventPublisher, tracer: Tracer) -> None:
        self._events = events
        self._tracer = tracer

    async def publish(self, event: DeliberationEvent) -> None:
        subject = f"{EVENTS_PREFIX}.{event.name}"
        attributes = {**_publishing(subject), "orchestrator.task_id": event.task_id}
        with self._tracer.span(f"publish {subject}", SpanKind.PRODUCER, attributes):
            await self._events.publish(event)


class TracedWorker:
    """Worker with a span for each delivery."""

    def __init__(self, worker: Worker, tracer: Tracer) -> None:
        self._worker = worker
        self._tracer = tracer

    async def work(self, request: StepRequest, delivery: int) -> None:
        subject = steps_subject(request.agent_type.pool, request.role)
        attributes = {
            **_processing(subject, STEPS_CONSUMERS[request.agent_type.pool]),
            **_step(request),
            "messaging.message.id": request.step_id,
            "messaging.nats.delivery": delivery,
        }
        with self._tracer.span(f"process {subject}", SpanKind.CONSUMER, attributes):
            await self._worker.work(request, delivery)

    async def refuse(self, step_id: str, reason: str) -> None:
        await self._worker.refuse(step_id, reason)


Handler = Callable[[str, str], Awaitable[None]]


def traced_announcements(handler: Handler, tracer: Tracer) -> Handler:
    """A handler of announcements (of task_id and step_id) with a span for each."""

    async def handle(task_id: str, step_id: str) -> None:
        attributes = {
            **_processing(results_subject(task_id), template=_RESULTS_TEMPLATE),
            "orchestrator.task_id": task_id,
            "orchestrator.step_id": step_id,
        }
        with tracer.span(f"process {_RESULTS_TEMPLATE}", SpanKind.CONSUMER, attributes):
            await handler(task_id, step_id)

    return handle


def _publishing(subject: str, template: str = "") -> Attributes:
    return _messaging(subject, template) | {"messaging.operation.name": "publish", "messaging.operation.type": "send"}


def _processing(subject: str, consumer: str = "", template: str = "") -> Attributes:
    group = {"messaging.consumer.group.name": consumer} if consumer else {}
    operation = {"messaging.operation.name": "process", "messaging.operation.type": "process"}
    return _messaging(subject, template) | operation | group


def _messaging(subject: str, template: str) -> dict[str, str]:
    where = {"messaging.system": "nats", "messaging.destination.name": subject}
    return where | ({"messaging.destination.template": template} if template else {})


def _step(request: StepRequest) -> Attributes:
    return {
        "orchestrator.task_id": request.task_id,
        "orchestrator.step_id": request.step_id,
        "orchestrator.step.kind": str(request.kind),
    }
