"""Consuming messages of others: each is handled, acknowledged afterwards, and given up when nobody can handle it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.pulling import Puller
from orchestrator.application.correlation import about
from orchestrator.application.ports import Attempts, UnreadableMessage
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)

_PAUSE_S = 0.25
_REDELIVER_S = 1.0

Handler = Callable[[str, bytes], Awaitable[None]]


class Consumers:
    """Runs handlers of messages. What cannot be read, what a handler fails on with a defect `max_attempts` times, and
    what has ended its process as often goes to the dead letters. A lost dependency is waited for, however long it takes.
    """

    def __init__(
        self, connection: NatsConnection, dead_letters: DeadLetters, attempts: Attempts, max_attempts: int
    ) -> None:
        self._connection = connection
        self._dead_letters = dead_letters
        self._attempts = attempts
        self._max_attempts = max_attempts

    async def consume(self, stream: str, consumer: str, handler: Handler, at_once: int = 1) -> None:
        """Hands each message's subject and data to `handler`, and acknowledges it afterwards. Runs until cancelled.

        So many messages are handled `at_once`. The handler raises UnreadableMessage for what no repeat would mend.
        """
        puller = Puller(self._connection, stream, consumer)
        try:
            async with asyncio.TaskGroup() as slots:
                for _ in range(at_once):
                    slots.create_task(self._slot(puller, consumer, handler))
        finally:
            await puller.close()

    async def _slot(self, puller: Puller, consumer: str, handler: Handler) -> None:
        waits_for = ""
        while True:
            try:
                await self._handle(await puller.pull(), handler)
                waits_for = ""
            except DependencyLost as lost:
                if waits_for != lost.dependency:
                    _log.warning("consumer %s waits for %s: %s", consumer, lost.dependency, lost.reason)
                    waits_for = lost.dependency
                await asyncio.sleep(_PAUSE_S)

    async def _handle(self, message: Msg, handler: Handler) -> None:
        delivered = message.metadata
        what, attempts = f"{delivered.consumer}/{delivered.sequence.stream}", 1
        try:
            if (delivered.num_delivered or 1) > 1:
                # The first one is counted only when there is a second: most messages need but one.
                attempts += await self._attempts.begin(what)
            if attempts > self._max_attempts:
                await self._give_up(message, f"ended its process or failed {self._max_attempts} times")
                return
            await handler(message.subject, message.data)
        except UnreadableMessage as error:
            await self._give_up(message, str(error))
        except DependencyLost:
            # Excused first: NATS may be what was lost, and then the message comes again without being asked for.
            try:
                if attempts > 1:
                    await self._attempts.excuse(what)
            finally:
                with translated():
                    await message.nak(delay=_REDELIVER_S)
            raise
        except Exception as error:  # noqa: BLE001
            # A defect met by one message must not stop the consumer.
            _log.exception("a message could not be handled", extra={"subject": message.subject})
            if attempts >= self._max_attempts:
                await self._give_up(message, f"failed {attempts} times: {type(error).__name__}: {error}")
                return
            with translated():
                await message.nak(delay=_REDELIVER_S)
        else:
            with translated():
                await message.ack()

    async def _give_up(self, message: Msg, reason: str) -> None:
        _log.error("a message goes to the dead letters: %s", reason, extra={"subject": message.subject})
        await self._dead_letters.bury(message, reason)


def announcements(handler: Callable[[str, str], Awaitable[None]]) -> Handler:
    """A handler of announcements that gives task_id and step_id to `handler`."""

    async def handle(subject: str, data: bytes) -> None:
        try:
            announcement = json.loads(data)
            task_id, step_id = str(announcement["task_id"]), str(announcement["step_id"])
            traceparent = str(announcement.get("traceparent", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableMessage(f"not an announcement: {type(error).__name__}") from error
        with about(task_id=task_id, step_id=step_id, traceparent=traceparent):
            await handler(task_id, step_id)

    return handle
