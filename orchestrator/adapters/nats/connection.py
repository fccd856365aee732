"""The connection to NATS."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from orchestrator.adapters.login import Login
from orchestrator.domain.errors import DependencyLost

T = TypeVar("T")

_log = logging.getLogger(__name__)

NAME = "nats"
_RETRY_S = 0.25
# An attempt is short, since the next one is on its heels: TCP would take a second and more to repeat what got lost.
_CONNECT_TIMEOUT_S = 1
# A connection over which nothing comes back is given up after the pings that may be outstanding, and one more.
_PING_S = 1
_OUTSTANDING_PINGS = 2
_ANSWER_S = 3


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the client raises when the server does not answer into DependencyLost."""
    try:
        yield
    except (NatsError, TimeoutError, OSError) as error:
        raise DependencyLost(NAME, str(error) or type(error).__name__) from error


class NatsConnection:
    """A connection that is made once, in the background, and that reconnects for ever."""

    def __init__(self, url: str, client_name: str, login: Login | None = None) -> None:
        self._url = url
        self._client_name = client_name
        self._login = login
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._on_connect: list[Callable[[], Awaitable[None]]] = []
        self._awaited: set[asyncio.Future[Any]] = set()
        self._reason = ""
        self._preparing: asyncio.Task[None] | None = None
        self._prepared = False

    @property
    def name(self) -> str:
        """As a Dependency."""
        return NAME

    def on_connect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Has `callback` called after each connect and reconnect: the server may have lost what it held."""
        self._on_connect.append(callback)

    async def connect(self) -> None:
        """Returns once connected and the callbacks have succeeded; tries for as long as it takes."""
        said = False
        while True:
            try:
                self._client = await nats.connect(
                    self._url,
                    name=self._client_name,
                    user=self._login.username if self._login else None,
                    password=self._login.password if self._login else None,
                    connect_timeout=_CONNECT_TIMEOUT_S,
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_RETRY_S,
                    ping_interval=_PING_S,
                    max_outstanding_pings=_OUTSTANDING_PINGS,
                    error_cb=self._note_error,
                    disconnected_cb=self._disconnected,
                    reconnected_cb=self._reconnected,
                )
                await self._call_back()
                return
            except (NatsError, DependencyLost, TimeoutError, OSError) as error:
                self._reason = str(error) or type(error).__name__
                if not said:
                    _log.info("waiting for NATS at %s: %s", self._url, self._reason)
                    said = True
                await self.close()
                await asyncio.sleep(_RETRY_S)

    async def insist(self, *works: Callable[[], Awaitable[None]]) -> None:
        """Does one after the other, each again until it succeeds: the connection may be lost just then."""
        for work in works:
            while True:
                try:
                    await work()
                    break
                except DependencyLost as lost:
                    _log.info("done again when that is possible: %s", lost)
                    await asyncio.sleep(_RETRY_S)

    async def check(self) -> None:
        """As a Dependency: a round trip to JetStream. It is there once the callbacks have succeeded."""
        await self.settle()
        if not self._prepared:
            raise DependencyLost(NAME, "what has to be there is being made")

    async def settle(self) -> None:
        """Returns once the server has taken in what was sent to it before, such as a subscription. Raises DependencyLost.

        flush() would do that too, but in nats-py 2.16 a flush that times out ends the reader of the connection when its
        PONG comes after all, and nothing is heard any more.
        """
        with translated():
            await self.jetstream.account_info()

    @property
    def client(self) -> Client:
        """The connected client. Raises DependencyLost while there is none."""
        if self._client is None or not self._client.is_connected:
            raise DependencyLost(NAME, f"not connected to {self._url}" + (f": {self._reason}" if self._reason else ""))
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream over the connected client. Raises DependencyLost while there is none."""
        client = self.client
        if self._jetstream is None:
            # One for all: its replies come by a subscription of its own.
            self._jetstream = client.jetstream(timeout=_ANSWER_S)
        return self._jetstream

    async def publish(self, subject: str, document: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Publishes to a stream, and returns once JetStream has stored it. Raises DependencyLost."""
        with translated():
            async with asyncio.timeout(_ANSWER_S):
                stored = await self.jetstream.publish_async(subject, document, headers=dict(headers or {}) or None)
                await self.while_connected(stored)

    async def while_connected(self, answer: asyncio.Future[T]) -> T:
        """Awaits what the server may take long to answer, and gives it up when the connection is lost meanwhile.

        The server forgets with a connection what was waiting there. Raises DependencyLost.
        """
        self._awaited.add(answer)
        try:
            # It may have been lost before.
            _ = self.client
            return await answer
        finally:
            self._awaited.discard(answer)
            answer.cancel()

    async def close(self) -> None:
        """Sends what is buffered, as far as the server takes it, and disconnects."""
        if self._preparing:
            self._preparing.cancel()
        client, self._client, self._jetstream = self._client, None, None
        if client is None or client.is_closed:
            return
        try:
            async with asyncio.timeout(1):
                if client.is_connected:
                    await client.flush(1)
                await client.close()
        except (NatsError, TimeoutError, OSError) as error:
            _log.info("NATS did not close cleanly: %s", error or type(error).__name__)

    async def _call_back(self) -> None:
        for callback in self._on_connect:
            await callback()
        self._prepared = True

    async def _disconnected(self) -> None:
        self._prepared = False
        if self._client is not None:
            _log.warning("lost the connection to NATS%s", f": {self._reason}" if self._reason else "")
        if self._preparing:
            self._preparing.cancel()
        for answer in self._awaited:
            if not answer.done():
                answer.set_exception(DependencyLost(NAME, f"lost the connection to {self._url}"))

    async def _reconnected(self) -> None:
        _log.info("connected to NATS again")
        self._preparing = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        """Calls back until that succeeds: without it, what the server has lost would stay lost."""
        await self.insist(self._call_back)

    async def _note_error(self, error: Exception) -> None:
        self._reason = str(error) or type(error).__name__
        _log.debug("NATS: %s", self._reason)
