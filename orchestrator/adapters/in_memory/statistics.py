"""Measurements in memory."""

from collections import Counter
from collections.abc import Sequence

from orchestrator.domain.statistics import KEPT_MS, MOST_KEPT, MOST_ROLES, OTHER_ROLES, Finished, Totals


class InMemoryStatistics:
    """StatisticsStore in memory."""

    def __init__(self, keep: int = MOST_KEPT, roles: int = MOST_ROLES) -> None:
        self._keep = keep
        self._roles = roles
        self._finished: dict[str, Finished] = {}
        self._counts: Counter[str] = Counter()
        self._by_role: Counter[str] = Counter()

    async def record(self, finished: Finished) -> None:
        if finished.task_id in self._finished:
            return
        self._counts += Counter(
            deliberations=1,
            orchestrations=int(finished.orchestration),
            completed=int(finished.completed),
            completed_ms=finished.duration_ms if finished.completed else 0,
        )
        named = finished.role in self._by_role or len(self._by_role) < self._roles
        self._by_role[finished.role if named else OTHER_ROLES] += 1
        horizon = finished.finished_at_ms - KEPT_MS
        kept = [one for one in (*self._finished.values(), finished) if one.finished_at_ms >= horizon]
        kept.sort(key=lambda one: (one.finished_at_ms, one.task_id))
        self._finished = {one.task_id: one for one in kept[-self._keep :]}

    async def kept(self) -> Sequence[Finished]:
        return tuple(self._finished.values())

    async def totals(self) -> Totals:
        return Totals(**self._counts, by_role=dict(self._by_role))
