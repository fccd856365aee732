"""Plans and derived tasks in memory."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.adapters.in_memory.newest import KEEP, Newest
from orchestrator.domain.derivation import AtomicTask, Derivation
from orchestrator.domain.planning import PlanningEvent


class InMemoryPlans:
    """PlanStore in memory. Keeps the last plans, and of each the newest events."""

    def __init__(self, keep: int = 50, keep_plans: int = KEEP) -> None:
        self._keep = keep
        self._events: Newest[tuple[str, str], list[PlanningEvent]] = Newest(keep_plans)
        self._derivations: Newest[str, Derivation] = Newest(keep_plans)

    async def append(self, event: PlanningEvent) -> bool:
        events = self._events.setdefault((event.case_id, event.plan_id), [])
        if any(event.identity == kept.identity for kept in events):
            return False
        events.append(event)
        events.sort(key=lambda kept: (kept.timestamp_ms, kept.identity))
        del events[: -self._keep]
        return True

    async def events(self, case_id: str, plan_id: str) -> Sequence[PlanningEvent]:
        return tuple(self._events.get((case_id, plan_id), ()))

    async def put_if_absent(self, derivation: Derivation) -> Derivation:
        return self._derivations.setdefault(derivation.derivation_id, derivation)

    async def derivation(self, derivation_id: str) -> Derivation | None:
        return self._derivations.get(derivation_id)

    async def mark_published(self, derivation: Derivation) -> None:
        self._derivations[derivation.derivation_id] = replace(derivation, published=True)


class InMemoryTasks:
    """TaskPublisher in memory: keeps each task once, and the last ones."""

    def __init__(self, keep: int = KEEP) -> None:
        self.published: Newest[str, AtomicTask] = Newest(keep)

    async def publish(self, task: AtomicTask) -> None:
        self.published.setdefault(task.task_id, task)
