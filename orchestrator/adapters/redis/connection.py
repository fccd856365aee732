"""The connection to Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from orchestrator.adapters.login import Login
from orchestrator.domain.errors import DependencyLost

NAME = "redis"
# Commands take milliseconds. One that is lost in a pause of the network is repeated on a new connection.
_TIMEOUT_S = 2.0
_CONNECT_S = 1.0
_IDLE_S = 5
CONNECTIONS = 32
# What the library says when no connection has become free: the server may be well.
_NONE_FREE = "No connection available."
_ALL_BUSY = "all of this process's connections to it are in use"


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the client raises when the server does not answer, or cannot be asked, into DependencyLost."""
    try:
        yield
    except (RedisError, TimeoutError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise DependencyLost(NAME, _ALL_BUSY if reason == _NONE_FREE else reason) from error


def connect(url: str, login: Login | None = None, connections: int = CONNECTIONS) -> "Redis":
    """A client with so many connections at most. It connects when it is first used, and again whenever it must."""
    pool = BlockingConnectionPool.from_url(
        url,
        # Empty is the default user's name, which the client has as None.
        username=(login.username or None) if login else None,
        password=login.password if login else None,
        decode_responses=True,
        max_connections=connections,
        timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_S,
        socket_keepalive=True,
        health_check_interval=_IDLE_S,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=2),
    )
    return Redis.from_pool(pool)


class RedisDependency:
    """Redis as a Dependency."""

    name = NAME

    def __init__(self, client: "Redis") -> None:
        self._client = client

    async def check(self) -> None:
        with translated():
            await self._client.ping()
