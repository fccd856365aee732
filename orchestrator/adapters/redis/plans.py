"""Plans and derived tasks in Redis. Keys are documented in orchestrator/README.md."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import quote

from redis.asyncio import Redis

from orchestrator.adapters.json_codec import decode, encode
from orchestrator.adapters.redis.connection import translated
from orchestrator.adapters.redis.event_log import EventLog
from orchestrator.domain.derivation import Derivation
from orchestrator.domain.planning import PlanningEvent

_MONTH_S = 30 * 24 * 3600


class RedisPlans:
    """PlanStore in Redis."""

    def __init__(self, client: Redis, keep: int = 50, keep_s: int = _MONTH_S) -> None:
        self._client = client
        self._keep_s = keep_s
        self._log = EventLog(client, keep, keep_s)

    async def append(self, event: PlanningEvent) -> bool:
        key = _plan_key(event.case_id, event.plan_id)
        return await self._log.append(key, event.identity, event.timestamp_ms, encode(event))

    async def events(self, case_id: str, plan_id: str) -> Sequence[PlanningEvent]:
        documents = await self._log.read(_plan_key(case_id, plan_id))
        return tuple(decode(PlanningEvent, document) for document in documents)

    async def put_if_absent(self, derivation: Derivation) -> Derivation:
        key = _derivation_key(derivation.derivation_id)
        with translated():
            before = await self._client.set(key, encode(derivation), nx=True, get=True, ex=self._keep_s)
        return decode(Derivation, cast("str", before)) if before else derivation

    async def derivation(self, derivation_id: str) -> Derivation | None:
        with translated():
            document = await self._client.get(_derivation_key(derivation_id))
        return decode(Derivation, document) if document else None

    async def mark_published(self, derivation: Derivation) -> None:
        document = encode(replace(derivation, published=True))
        with translated():
            await self._client.set(_derivation_key(derivation.derivation_id), document, xx=True, keepttl=True)


def _plan_key(case_id: str, plan_id: str) -> str:
    # Encoded, so that no two pairs of ids share a key.
    return f"plan:{quote(case_id, safe='')}:{quote(plan_id, safe='')}"


def _derivation_key(derivation_id: str) -> str:
    return f"derivation:{derivation_id}"
