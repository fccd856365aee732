"""Pulling from consumers."""

import asyncio
import contextlib
import json
from collections import deque

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import Header, StatusCode

from orchestrator.adapters.nats.connection import NAME, NatsConnection, translated
from orchestrator.domain.errors import DependencyLost

# How long a pull waits at the server. What is sent to a connection that is dead and does not know it comes again only
# when its time to be acknowledged is over, so pulls are not left there for long.
_PULL_S = 2.0
_SILENCE_S = 5.0
# https://docs.nats.io/reference/reference-protocols/nats_api_reference
_PENDING = "Nats-Pending-Messages"


class Puller:
    """Pulls from one consumer, for all who wait here: never more messages than there are of them.

    A request asks for a message for everybody who waits, and the next one follows when half of them have come, so that
    under load few requests bring many messages.
    """

    def __init__(self, connection: NatsConnection, stream: str, consumer: str) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = ""
        self._subscription: Subscription | None = None
        self._waiting: deque[asyncio.Future[Msg]] = deque()
        # What came for somebody who had given up waiting.
        self._left: deque[Msg] = deque()
        # Messages that have been asked for and have not come.
        self._asked = 0
        self._silence: asyncio.TimerHandle | None = None

    async def pull(self) -> Msg:
        """The next message. Raises DependencyLost."""
        _insist_on_cancellation()
        if self._left:
            return self._left.popleft()
        message: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._waiting.append(message)
        try:
            await self._ask()
            return await self._connection.while_connected(message)
        except DependencyLost:
            # The server forgets with a connection what was asked for over it.
            self._asked = 0
            raise
        except asyncio.CancelledError:
            if message.done() and not message.cancelled() and not message.exception():
                self._left.append(message.result())
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(message)

    async def close(self) -> None:
        """Takes back what was asked for. What has come for nobody goes to somebody else."""
        self._stop_watching()
        subscription, self._subscription, self._inbox = self._subscription, None, ""
        left, self._left = self._left, deque()
        with contextlib.suppress(NatsError):
            if subscription is not None:
                await subscription.unsubscribe()
            for message in left:
                await message.nak()

    async def _ask(self) -> None:
        """Has as many messages asked for as there are who wait, unless more than half of them are."""
        wanted = len(self._waiting)
        if self._asked == wanted or self._asked > wanted // 2:
            return
        request = {"batch": wanted - self._asked, "expires": int(_PULL_S * 1e9)}
        self._asked = wanted
        with translated():
            client = self._connection.client
            if not self._inbox:
                self._inbox = client.new_inbox()
                self._subscription = await client.subscribe(self._inbox, cb=self._heard)
            await client.publish(self._subject, json.dumps(request).encode(), self._inbox)
        self._watch()

    def _watch(self) -> None:
        """While somebody waits there is an answer, if only that there is no message; or something is wrong."""
        self._stop_watching()
        silent = DependencyLost(NAME, "no pull has been answered for a while")
        self._silence = asyncio.get_running_loop().call_later(_SILENCE_S, self._refuse, silent)

    def _stop_watching(self) -> None:
        if self._silence:
            self._silence.cancel()

    async def _heard(self, message: Msg) -> None:
        headers = message.headers or {}
        status = headers.get(Header.STATUS)
        if not status:
            self._asked = max(self._asked - 1, 0)
            self._hand_out(message)
        elif status == StatusCode.REQUEST_TIMEOUT:
            # A request has waited for so long; it says how many messages it has not brought.
            self._asked = max(self._asked - int(headers.get(_PENDING, self._asked)), 0)
        else:
            # As when the consumer is not there, or the server stops.
            self._refuse(DependencyLost(NAME, f"cannot pull: {status} {headers.get(Header.DESCRIPTION, '')}"))
            return
        try:
            await self._ask()
        except DependencyLost as lost:
            self._refuse(lost)

    def _hand_out(self, message: Msg) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(message)
                return
        self._left.append(message)

    def _refuse(self, reason: DependencyLost) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(reason)


def _insist_on_cancellation() -> None:
    """Ends a task whose cancellation its handler has swallowed."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
