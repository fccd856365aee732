"""How often something was begun and did not end well, in Redis."""

from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.redis.connection import translated

# KEYS: count. ARGV: seconds to keep it.
_BEGIN = """
local count = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return count
"""

# KEYS: count.
_EXCUSE = """
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count > 1 then redis.call('DECR', KEYS[1]) else redis.call('DEL', KEYS[1]) end
"""


class RedisAttempts:
    """Attempts in Redis: a key for each thing that was attempted again, which expires `keep_s` after the last time."""

    def __init__(self, client: Redis, keep_s: int) -> None:
        self._keep_s = keep_s
        self._begin = client.register_script(_BEGIN)
        self._excuse = client.register_script(_EXCUSE)

    async def begin(self, what: str) -> int:
        with translated():
            return cast("int", await self._begin(keys=(_key(what),), args=(self._keep_s,)))

    async def excuse(self, what: str) -> None:
        with translated():
            await self._excuse(keys=(_key(what),))


def _key(what: str) -> str:
    return f"attempts:{what}"
