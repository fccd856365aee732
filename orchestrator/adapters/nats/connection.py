"""The connection to NATS."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)

NAME = "nats"
_RETRY_S = 0.25
_CONNECT_TIMEOUT_S = 2


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the client raises when the server does not answer into DependencyLost."""
    try:
        yield
    except (NatsError, TimeoutError, OSError) as error:
        raise DependencyLost(NAME, str(error) or type(error).__name__) from error


class NatsConnection:
    """A connection that is made once, in the background, and that reconnects for ever."""

    def __init__(self, url: str, client_name: str) -> None:
        self._url = url
        self._client_name = client_name
        self._client: Client | None = None
        self._on_connect: list[Callable[[], Awaitable[None]]] = []

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
                    connect_timeout=_CONNECT_TIMEOUT_S,
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_RETRY_S,
                    error_cb=self._log_error,
                    reconnected_cb=self._reconnected,
                )
                await self._call_back()
                return
            except (NatsError, DependencyLost, TimeoutError, OSError) as error:
                if not said:
                    _log.info("waiting for NATS at %s: %s", self._url, error or type(error).__name__)
                    said = True
                await self.close()
                await asyncio.sleep(_RETRY_S)

    async def check(self) -> None:
        """As a Dependency: a round trip to JetStream."""
        with translated():
            await self.jetstream.account_info()

    @property
    def client(self) -> Client:
        """The connected client. Raises DependencyLost while there is none."""
        if self._client is None or not self._client.is_connected:
            raise DependencyLost(NAME, f"not connected to {self._url}")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream over the connected client. Raises DependencyLost while there is none."""
        return self.client.jetstream(timeout=5)

    async def close(self) -> None:
        """Sends what is buffered, as far as the server takes it, and disconnects."""
        client, self._client = self._client, None
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

    async def _reconnected(self) -> None:
        _log.info("connected to NATS again")
        try:
            await self._call_back()
        except DependencyLost as lost:
            _log.warning("after reconnecting: %s", lost)

    async def _log_error(self, error: Exception) -> None:
        _log.debug("NATS: %s", error or type(error).__name__)
