"""What the orchestrator and its agents publish to JetStream. Message ids make a repeat within two minutes harmless."""

import json

from orchestrator.adapters.json_codec import encode
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.topology import EVENTS_PREFIX, MESSAGE_ID, results_subject, steps_subject, tasks_subject
from orchestrator.application.correlation import trace_headers
from orchestrator.application.ports import DeliberationEvent
from orchestrator.domain.derivation import AtomicTask
from orchestrator.domain.steps import StepRequest


class JetStreamPublisher:
    """StepQueue, ResultAnnouncer and EventPublisher over JetStream."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection

    async def publish_json(self, subject: str, document: bytes, message_id: str | None = None) -> None:
        """Publishes a document and returns once JetStream has stored it."""
        await self._connection.publish(subject, document, {MESSAGE_ID: message_id} if message_id else None)


class JetStreamQueue(JetStreamPublisher):
    """StepQueue over JetStream."""

    async def publish(self, request: StepRequest) -> None:
        await self.publish_json(steps_subject(request.agent_type.pool, request.role), encode(request), request.step_id)


class JetStreamAnnouncer(JetStreamPublisher):
    """ResultAnnouncer over JetStream.

    An announcement has no message id: one that is repeated must arrive, since the first may have been handled without
    its effect being published.
    """

    async def announce(self, task_id: str, step_id: str) -> None:
        announcement = {"task_id": task_id, "step_id": step_id, **trace_headers()}
        await self.publish_json(results_subject(task_id), json.dumps(announcement).encode())


class JetStreamTasks(JetStreamPublisher):
    """TaskPublisher over JetStream."""

    async def publish(self, task: AtomicTask) -> None:
        await self.publish_json(tasks_subject(task.role), encode(task), task.task_id)


class JetStreamEvents(JetStreamPublisher):
    """EventPublisher over JetStream."""

    async def publish(self, event: DeliberationEvent) -> None:
        document = json.dumps(event.payload).encode()
        await self.publish_json(f"{EVENTS_PREFIX}.{event.name}", document, f"{event.task_id}/{event.name}")
