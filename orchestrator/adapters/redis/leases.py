"""Who owns what, and which instances run, in Redis. Keys are documented in orchestrator/README.md."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.redis.connection import translated
from orchestrator.application.ports import Lease
from orchestrator.domain.errors import DependencyLost

_INSTANCES = "orchestrators"
# Redis does nothing else while a script runs, so a script is given no more keys than this.
_BATCH = 500

# KEYS: owners. ARGV: who claims, milliseconds. Returns the positions of those that are theirs now.
_CLAIM = """
local owned = {}
for i, key in ipairs(KEYS) do
    local owner = redis.call('GET', key)
    if not owner or owner == ARGV[1] then
        redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
        owned[#owned + 1] = i
    end
end
return owned
"""

# KEYS: owners. ARGV: who releases.
_RELEASE = """
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
"""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: instances by the time until which they count. ARGV: instance, milliseconds.
_BEAT = (
    _NOW
    + """
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
"""
)

# KEYS: the same. ARGV: instance. Returns how many others there are.
_LEAVE = (
    _NOW
    + """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
return redis.call('ZCARD', KEYS[1])
"""
)


def owner_key(task_id: str) -> str:
    """The key that names a deliberation's owner."""
    return f"owner:{task_id}"


def milliseconds(lease: Lease) -> int:
    """How long a lease lasts."""
    return max(1, round(lease.seconds * 1000))


class RedisLeases:
    """LeaseStore and InstanceRegistry in Redis."""

    def __init__(self, client: Redis) -> None:
        self._claim = client.register_script(_CLAIM)
        self._release = client.register_script(_RELEASE)
        self._beat = client.register_script(_BEAT)
        self._leave = client.register_script(_LEAVE)

    async def claim(self, task_ids: Collection[str], lease: Lease) -> Collection[str]:
        owned: list[str] = []
        remaining = iter(task_ids)
        while batch := list(islice(remaining, _BATCH)):
            with translated():
                answer = await self._claim(keys=[*map(owner_key, batch)], args=(lease.owner, milliseconds(lease)))
            owned += [batch[position - 1] for position in cast("list[int]", answer)]
        return owned

    async def release(self, task_ids: Collection[str], owner: str) -> None:
        remaining = iter(task_ids)
        while batch := list(islice(remaining, _BATCH)):
            with translated():
                await self._release(keys=[*map(owner_key, batch)], args=(owner,))

    async def beat(self, lease: Lease) -> None:
        with translated():
            await self._beat(keys=(_INSTANCES,), args=(lease.owner, milliseconds(lease)))

    async def leave(self, owner: str) -> int:
        with translated():
            return cast("int", await self._leave(keys=(_INSTANCES,), args=(owner,)))


class RedisLock:
    """Lets one holder at a time do something, across processes. It ends by itself after `seconds`."""

    def __init__(self, client: Redis, name: str, holder: str, seconds: float) -> None:
        self._client = client
        self._key = f"lock:{name}"
        self._lease = Lease(holder, seconds)
        self._release = client.register_script(_RELEASE)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[bool]:
        """Whether the holder has the lock for the duration of the block. Raises DependencyLost."""
        owner, duration = self._lease.owner, milliseconds(self._lease)
        with translated():
            held = bool(await self._client.set(self._key, owner, nx=True, px=duration))
        try:
            yield held
        finally:
            if held:
                with suppress(DependencyLost), translated():
                    await self._release(keys=(self._key,), args=(owner,))
