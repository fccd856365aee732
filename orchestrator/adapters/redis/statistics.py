"""Measurements in Redis, shared by all processes. Keys are documented in orchestrator/README.md."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.redis.connection import translated
from orchestrator.domain.deliberation import Status
from orchestrator.domain.statistics import KEPT_MS, MOST_KEPT, MOST_ROLES, OTHER_ROLES, Finished, Totals

_BY_TIME = "stats:finished"
_RECORDS = "stats:finished:records"
_TOTALS = "stats:totals"
_ROLE = "role:"

# KEYS: task ids by time, records by task id, totals. ARGV: task_id, time, record, how many to keep, the earliest time to
# keep, the role's field, the field for roles beyond those that have one, how many have, then names and amounts to add to
# the totals: always the same names, so that the rest of the fields are the roles'.
_RECORD = """
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3]) == 0 then return end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
for i = 9, #ARGV, 2 do redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1]) end
local role, others = ARGV[6], (#ARGV - 8) / 2
if redis.call('HEXISTS', KEYS[3], role) == 0 and redis.call('HLEN', KEYS[3]) - others >= tonumber(ARGV[8]) then
    role = ARGV[7]
end
redis.call('HINCRBY', KEYS[3], role, 1)
local gone = redis.call('ZRANGE', KEYS[1], 0, -tonumber(ARGV[4]) - 1)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[5])) do gone[#gone + 1] = id end
for _, id in ipairs(gone) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
end
"""

# KEYS: task ids by time, records by task id. In batches: Lua's stack is limited.
_KEPT = """
local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
local found = {}
for first = 1, #ids, 1000 do
    local batch = redis.call('HMGET', KEYS[2], unpack(ids, first, math.min(first + 999, #ids)))
    for _, record in ipairs(batch) do found[#found + 1] = record end
end
return found
"""


class RedisStatistics:
    """StatisticsStore in Redis. A record is a short JSON array: many are read at once."""

    def __init__(self, client: Redis, keep: int = MOST_KEPT, roles: int = MOST_ROLES) -> None:
        self._client = client
        self._keep = keep
        self._roles = roles
        self._record = client.register_script(_RECORD)
        self._kept = client.register_script(_KEPT)

    async def record(self, finished: Finished) -> None:
        counts = {
            "deliberations": 1,
            "orchestrations": int(finished.orchestration),
            "completed": int(finished.completed),
            "completed_ms": finished.duration_ms if finished.completed else 0,
        }
        arguments = (
            finished.task_id,
            finished.finished_at_ms,
            _encode(finished),
            self._keep,
            finished.finished_at_ms - KEPT_MS,
            f"{_ROLE}{finished.role}",
            f"{_ROLE}{OTHER_ROLES}",
            self._roles,
            *(value for count in counts.items() for value in count),
        )
        with translated():
            await self._record(keys=(_BY_TIME, _RECORDS, _TOTALS), args=arguments)

    async def kept(self) -> Sequence[Finished]:
        with translated():
            records = cast("list[str]", await self._kept(keys=(_BY_TIME, _RECORDS)))
        return [_decode(record) for record in records]

    async def totals(self) -> Totals:
        with translated():
            counts = cast("Mapping[str, str]", await self._client.hgetall(_TOTALS))
        return Totals(
            deliberations=int(counts.get("deliberations", 0)),
            orchestrations=int(counts.get("orchestrations", 0)),
            completed=int(counts.get("completed", 0)),
            completed_ms=int(counts.get("completed_ms", 0)),
            by_role={name.removeprefix(_ROLE): int(n) for name, n in counts.items() if name.startswith(_ROLE)},
        )


def _encode(finished: Finished) -> str:
    return json.dumps(
        [
            finished.task_id,
            finished.kind,
            finished.role,
            finished.status,
            finished.finished_at_ms,
            finished.duration_ms,
            finished.steps,
            finished.steps_ms,
        ],
        separators=(",", ":"),
    )


def _decode(record: str) -> Finished:
    task_id, kind, role, status, finished_at_ms, duration_ms, steps, steps_ms = json.loads(record)
    return Finished(task_id, kind, role, Status(status), finished_at_ms, duration_ms, steps, steps_ms)
