"""The connection to Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from orchestrator.domain.errors import DependencyLost

NAME = "redis"
_TIMEOUT_S = 3.0
_MAX_CONNECTIONS = 32


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the client raises when the server does not answer into DependencyLost."""
    try:
        yield
    except (RedisError, TimeoutError, OSError) as error:
        raise DependencyLost(NAME, str(error) or type(error).__name__) from error


def connect(url: str) -> "Redis":
    """A client with a bounded pool. It connects when it is first used, and again whenever it must."""
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=_MAX_CONNECTIONS,
        timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3),
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
