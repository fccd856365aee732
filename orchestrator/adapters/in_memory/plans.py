"""Plans and derived tasks in memory."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.domain.derivation import AtomicTask, Derivation
from orchestrator.domain.planning import PlanningEvent


class InMemoryPlans:
    """PlanStore in memory."""

    def __init__(self, keep: int = 50) -> None:
        self._keep = keep
        self._events: defaultdict[tuple[str, str], list[PlanningEvent]] = defaultdict(list)
        self._derivations: dict[str, Derivation] = {}

    async def append(self, event: PlanningEvent) -> bool:
        events = self._events[event.case_id, event.plan_id]
        if any(event.identity == kept.identity for kept in events):
            return False
        events.append(event)
        events.sort(key=lambda kept: (kept.timestamp_ms, kept.identity))
        del events[: -self._keep]
        return True

    async def events(self, case_id: str, plan_id: str) -> Sequence[PlanningEvent]:
        return tuple(self._events[case_id, plan_id])

    async def put_if_absent(self, derivation: Derivation) -> Derivation:
        return self._derivations.setdefault(derivation.derivation_id, derivation)

    async def derivation(self, derivation_id: str) -> Derivation | None:
        return self._derivations.get(derivation_id)

    async def mark_published(self, derivation: Derivation) -> None:
        self._derivations[derivation.derivation_id] = replace(derivation, published=True)


class InMemoryTasks:
    """TaskPublisher in memory: keeps each task once."""

    def __init__(self) -> None:
        self.published: dict[str, AtomicTask] = {}

    async def publish(self, task: AtomicTask) -> None:
        self.published.setdefault(task.task_id, task)
