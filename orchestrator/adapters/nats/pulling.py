"""Pulling from consumers, one message at a time."""

import asyncio
import contextlib

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.domain.errors import DependencyLost

# How long a pull waits at the server. What is sent to a connection that is dead and does not know it comes again only
# when its time to be acknowledged is over, so pulls are not left there for long.
_PULL_S = 2.0


class Puller:
    """Pulls from one consumer. Not to be shared: each concurrent slot has its own."""

    def __init__(self, connection: NatsConnection, stream: str, consumer: str) -> None:
        self._connection = connection
        self._stream = stream
        self._consumer = consumer
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def pull(self) -> Msg | None:
        """The next message; None if none came within some seconds. Raises DependencyLost."""
        _insist_on_cancellation()
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


def _insist_on_cancellation() -> None:
    """Ends a task whose cancellation was lost: Python 3.11's wait_for drops one that comes together with its result."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
