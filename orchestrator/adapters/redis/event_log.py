"""A bounded log of events in Redis: ids by time in a sorted set, and the events by id in a hash beside it."""

from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.redis.connection import translated

# KEYS: ids by time, documents by id. ARGV: id, time, document, how many to keep, seconds to keep them.
_APPEND = """
local new = redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3])
if new == 1 then
    redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
    for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -tonumber(ARGV[4]) - 1)) do
        redis.call('ZREM', KEYS[1], id)
        redis.call('HDEL', KEYS[2], id)
    end
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return new
"""

# KEYS: ids by time, documents by id. Both are read in one moment.
_READ = """
local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[2], unpack(ids))
"""


class EventLog:
    """Logs under many keys. Each keeps its newest `keep` events for `keep_s` seconds after the last one came."""

    def __init__(self, client: Redis, keep: int, keep_s: int) -> None:
        self._keep = keep
        self._keep_s = keep_s
        self._append = client.register_script(_APPEND)
        self._read = client.register_script(_READ)

    async def append(self, key: str, event_id: str, time_ms: int, document: bytes) -> bool:
        """Keeps an event and says whether it is new; an id that is there already replaces nothing."""
        arguments = (event_id, time_ms, document, self._keep, self._keep_s)
        with translated():
            return bool(await self._append(keys=_keys(key), args=arguments))

    async def read(self, key: str) -> Sequence[str]:
        """The events' documents, oldest first."""
        with translated():
            return cast("list[str]", await self._read(keys=_keys(key)))


def _keys(key: str) -> tuple[str, str]:
    return key, f"{key}:events"
