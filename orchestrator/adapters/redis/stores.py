"""Stores in Redis. Keys are documented in orchestrator/README.md."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.json_codec import decode, encode
from orchestrator.adapters.redis.connection import translated
from orchestrator.adapters.redis.event_log import EventLog
from orchestrator.adapters.redis.leases import milliseconds, owner_key
from orchestrator.application.ports import Clock, Lease, VersionConflict
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import Overloaded
from orchestrator.domain.steps import StepResponse

_OPEN = "deliberations:open"
# How long it is remembered beyond its deadline that a deliberation is over: clocks differ, and steps may be in flight.
_REMEMBER_MS = 60_000

# KEYS: document, open ones, owner.
# ARGV: document, seconds to keep it, deadline, limit of open ones, task_id, owner, milliseconds of the lease.
_CREATE = """
local known = redis.call('GET', KEYS[1])
if known then return {'known', known} end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return {'full', ''} end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[5])
redis.call('SET', KEYS[3], ARGV[6], 'PX', ARGV[7])
return {'created', ''}
"""

# KEYS: document. ARGV: the version it must have, the new document, seconds to keep it.
_SAVE = """
local current = redis.call('GET', KEYS[1])
if not current or cjson.decode(current)['version'] ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class RedisDeliberations:
    """DeliberationStore in Redis. Writes are scripts, which Redis runs one at a time.

    What is open is read by `upkeep`, if there is one: leases are renewed by that, however busy the client is.
    """

    def __init__(self, client: Redis, keep_s: int, upkeep: Redis | None = None) -> None:
        self._client = client
        self._upkeep = upkeep or client
        self._keep_s = keep_s
        self._create = client.register_script(_CREATE)
        self._save = client.register_script(_SAVE)

    async def create(self, deliberation: Deliberation, limit: int, lease: Lease) -> Deliberation | None:
        task_id = deliberation.task_id
        deliberation.version = 1
        document = (encode(deliberation), self._keep_s, deliberation.deadline_ms)
        arguments = (*document, limit, task_id, lease.owner, milliseconds(lease))
        with translated():
            answer = await self._create(keys=(_key(task_id), _OPEN, owner_key(task_id)), args=arguments)
        outcome, known = cast("list[str]", answer)
        if outcome == "full":
            raise Overloaded(limit, retry_after_ms=1000)
        return decode(Deliberation, known) if outcome == "known" else None

    async def load(self, task_id: str) -> Deliberation | None:
        with translated():
            document = await self._client.get(_key(task_id))
        return decode(Deliberation, document) if document else None

    async def save(self, deliberation: Deliberation) -> None:
        expected = deliberation.version
        deliberation.version += 1
        arguments = (expected, encode(deliberation), self._keep_s)
        with translated():
            written = await self._save(keys=(_key(deliberation.task_id),), args=arguments)
        if not written:
            raise VersionConflict(deliberation.task_id)

    async def close(self, task_id: str) -> None:
        with translated():
            async with self._client.pipeline() as pipeline:
                pipeline.zrem(_OPEN, task_id)
                pipeline.delete(owner_key(task_id))
                await pipeline.execute()

    async def open_deadlines(self) -> Mapping[str, int]:
        with translated():
            members = await self._upkeep.zrange(_OPEN, 0, -1, withscores=True)
        return {task_id: int(deadline) for task_id, deadline in cast("list[tuple[str, float]]", members)}


class RedisResponses:
    """ResponseStore in Redis."""

    def __init__(self, client: Redis, keep_s: int) -> None:
        self._client = client
        self._keep_s = keep_s

    async def put_if_absent(self, response: StepResponse) -> StepResponse:
        key = f"step:{response.step_id}"
        with translated():
            before = await self._client.set(key, encode(response), nx=True, get=True, ex=self._keep_s)
        return decode(StepResponse, str(before)) if before else response

    async def get(self, step_id: str) -> StepResponse | None:
        with translated():
            document = await self._client.get(f"step:{step_id}")
        return decode(StepResponse, document) if document else None

    async def get_all(self, step_ids: Collection[str]) -> Sequence[StepResponse]:
        if not step_ids:
            return ()
        with translated():
            documents = await self._client.mget([f"step:{step_id}" for step_id in step_ids])
        return [decode(StepResponse, document) for document in documents if document]


class RedisEndings:
    """Endings in Redis: a key for each deliberation, which expires."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def mark(self, task_id: str, until_ms: int) -> None:
        left_ms = max(until_ms - self._clock.now_ms(), 0)
        with translated():
            await self._client.set(f"over:{task_id}", 1, px=left_ms + _REMEMBER_MS)

    async def is_over(self, task_id: str) -> bool:
        with translated():
            return bool(await self._client.exists(f"over:{task_id}"))


class RedisContexts:
    """ContextStore in Redis: a log for each case and kind."""

    def __init__(self, client: Redis, keep: int = 200, keep_s: int = 30 * 24 * 3600) -> None:
        self._log = EventLog(client, keep, keep_s)

    async def append(self, event: ContextEvent) -> None:
        await self._log.append(
            _context_key(event.case_id, event.kind), event.event_id, event.occurred_at_ms, encode(event)
        )

    async def read(self, case_id: str) -> Mapping[ContextKind, Sequence[ContextEvent]]:
        found: dict[ContextKind, Sequence[ContextEvent]] = {}
        for kind in ContextKind:
            documents = await self._log.read(_context_key(case_id, kind))
            found[kind] = tuple(decode(ContextEvent, document) for document in documents)
        return found


def _key(task_id: str) -> str:
    return f"deliberation:{task_id}"


def _context_key(case_id: str, kind: ContextKind) -> str:
    return f"context:{case_id}:{kind}"
