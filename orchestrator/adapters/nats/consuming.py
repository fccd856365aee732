"""Pulling from durable consumers, one message at a time."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from orchestrator.adapters.json_codec import MalformedDocument, decode
from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import STEPS, STEPS_CONSUMERS
from orchestrator.application.correlation import about
from orchestrator.domain.council import Pool
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest

_log = logging.getLogger(__name__)

# How long a pull waits at the server. What is sent to a connection that is dead and does not know it comes again only
# when its time to be acknowledged is over, so pulls are not left there for long.
_PULL_S = 2.0
_PAUSE_S = 0.25
_REDELIVER_S = 1.0


class Puller:
    """Pulls from one durable consumer. Not to be shared: each concurrent slot has its own."""

    def __init__(self, connection: NatsConnection, stream: str, consumer: str) -> None:
        self._connection = connection
        self._stream = stream
        self._consumer = consumer
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def pull(self) -> Msg | None:
        """The next message; None if none came within some seconds. Raises DependencyLost."""
        with translated():
            if self._subscription is None:
                self._subscription = await self._connection.jetstream.pull_subscribe_bind(
                    consumer=self._consumer, stream=self._stream
                )
            try:
                messages = await self._connection.while_connected(self._subscription.fetch(1, timeout=_PULL_S))
            except TimeoutError:
                return None
            except (NatsError, DependencyLost):
                await self.close()
                raise
        return messages[0] if messages else None

    async def close(self) -> None:
        """Takes back the pull that is waiting at the server."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()


class JetStreamDelivery:
    """One delivery of a step."""

    def __init__(self, message: Msg, request: StepRequest) -> None:
        self._message = message
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


class JetStreamSource:
    """StepSource over JetStream: the steps of one pool, shared with all that work off the same."""

    def __init__(self, connection: NatsConnection, pool: Pool) -> None:
        self._puller = Puller(connection, STEPS, STEPS_CONSUMERS[pool])

    async def next(self) -> JetStreamDelivery | None:
        try:
            message = await self._puller.pull()
        except asyncio.CancelledError:
            await self._puller.close()
            raise
        if message is None:
            return None
        try:
            return JetStreamDelivery(message, decode(StepRequest, message.data))
        except MalformedDocument as error:
            _log.error("dropped a step that cannot be read: %s", error, extra={"subject": message.subject})
            with translated():
                await message.term()
            return None


Handler = Callable[[str, bytes], Awaitable[None]]


async def consume(connection: NatsConnection, stream: str, consumer: str, handler: Handler) -> None:
    """Hands each message's subject and data to `handler`, and acknowledges it afterwards. Runs until cancelled.

    A message whose handler fails comes again.
    """
    puller = Puller(connection, stream, consumer)
    waits_for = ""
    try:
        while True:
            try:
                message = await puller.pull()
                if message:
                    await _handle(message, handler)
                waits_for = ""
            except DependencyLost as lost:
                if waits_for != lost.dependency:
                    _log.warning("consumer %s waits for %s: %s", consumer, lost.dependency, lost.reason)
                    waits_for = lost.dependency
                await asyncio.sleep(_PAUSE_S)
    finally:
        await puller.close()


async def _handle(message: Msg, handler: Handler) -> None:
    try:
        await handler(message.subject, message.data)
    except DependencyLost:
        with translated():
            await message.nak(delay=_REDELIVER_S)
        raise
    except Exception:  # noqa: BLE001
        # A defect met by one message must not stop the consumer; max_deliver bounds how often it comes again.
        _log.exception("a message could not be handled", extra={"subject": message.subject})
        with translated():
            await message.nak(delay=_REDELIVER_S)
    else:
        with translated():
            await message.ack()


def announcements(handler: Callable[[str, str], Awaitable[None]]) -> Handler:
    """A handler of announcements that gives task_id and step_id to `handler`. Drops what is not one."""

    async def handle(subject: str, data: bytes) -> None:
        try:
            announcement = json.loads(data)
            task_id, step_id = str(announcement["task_id"]), str(announcement["step_id"])
            traceparent = str(announcement.get("traceparent", ""))
        except (ValueError, KeyError, TypeError, RecursionError):
            _log.error("dropped an announcement that cannot be read", extra={"subject": subject})
            return
        with about(task_id=task_id, step_id=step_id, traceparent=traceparent):
            await handler(task_id, step_id)

    return handle
