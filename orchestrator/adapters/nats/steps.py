"""Steps as they are delivered to those who work on them."""

import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg

from orchestrator.adapters.json_codec import MalformedDocument, decode
from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.pulling import Puller
from orchestrator.adapters.nats.topology import MESSAGE_ID, STEPS, STEPS_CONSUMERS
from orchestrator.domain.council import Pool
from orchestrator.domain.steps import StepRequest, task_of

_log = logging.getLogger(__name__)

# Has a step fail that nobody can work on, for a reason, so that its deliberation goes on.
Refuse = Callable[[str, str], Awaitable[None]]


class JetStreamDelivery:
    """One delivery of a step."""

    def __init__(self, message: Msg, request: StepRequest, dead_letters: DeadLetters) -> None:
        self._message = message
        self._dead_letters = dead_letters
        self.request = request
        self.count = message.metadata.num_delivered or 1

    async def done(self) -> None:
        with translated():
            await self._message.ack()

    async def retry(self, delay_s: float) -> None:
        with translated():
            await self._message.nak(delay=delay_s)

    async def still_working(self) -> None:
        with translated():
            await self._message.in_progress()

    async def bury(self, reason: str) -> None:
        await self._dead_letters.bury(self._message, reason, self.request.task_id, self.request.step_id)


class JetStreamSource:
    """StepSource over JetStream: the steps of one pool, shared with all that work off the same.

    A step that cannot be read goes to the dead letters; `refuse` is given its id, which its message has beside it.
    """

    def __init__(self, connection: NatsConnection, pool: Pool, dead_letters: DeadLetters, refuse: Refuse) -> None:
        self._puller = Puller(connection, STEPS, STEPS_CONSUMERS[pool])
        self._dead_letters = dead_letters
        self._refuse = refuse

    async def next(self) -> JetStreamDelivery | None:
        message = await self._puller.pull()
        try:
            return JetStreamDelivery(message, decode(StepRequest, message.data), self._dead_letters)
        except MalformedDocument as error:
            _log.error("a step cannot be read: %s", error, extra={"subject": message.subject})
            step_id = (message.headers or {}).get(MESSAGE_ID, "")
            task_id = task_of(step_id)
            if task_id:
                await self._refuse(step_id, f"the step cannot be read: {error}")
            await self._dead_letters.bury(message, f"cannot be read: {error}", task_id, step_id if task_id else "")
            return None

    async def close(self) -> None:
        await self._puller.close()
