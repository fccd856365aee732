"""Which agents are at work, as the open deliberations tell."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.application.fresh import Fresh
from orchestrator.application.ports import Clock, DeliberationStore
from orchestrator.domain.council import Agent
from orchestrator.domain.deliberation import Deliberation

_log = logging.getLogger(__name__)

_AT_ONCE = 8


@dataclass(frozen=True)
class Workload:
    """`deliberations` counts the unfinished ones by role; `steps` the outstanding steps by role and agent id."""

    deliberations: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def busy(self, agent: Agent) -> bool:
        """Whether a step of this agent is outstanding."""
        return bool(self.steps.get((agent.role, agent.agent_id)))


class LookAtWork:
    """Looks at what is open, at most twice a second however many ask.

    A deliberation that cannot be read, such as one of another version, is left out, and said so once.
    """

    def __init__(self, store: DeliberationStore, clock: Clock) -> None:
        self._store = store
        self._fresh = Fresh(self._look, clock)
        self._unreadable: set[str] = set()

    async def __call__(self) -> Workload:
        """The work there is, as of half a second ago at most. Raises DependencyLost."""
        return await self._fresh()

    async def _look(self) -> Workload:
        deliberations: Counter[str] = Counter()
        steps: Counter[tuple[str, str]] = Counter()
        slots = asyncio.Semaphore(_AT_ONCE)

        async def count(task_id: str) -> None:
            async with slots:
                deliberation = await self._load(task_id)
            if deliberation and not deliberation.final:
                role = deliberation.request.role
                deliberations[role] += 1
                steps.update((role, step.agent_id) for step in deliberation.pending.values())

        task_ids = await self._store.open_deadlines()
        self._unreadable.intersection_update(task_ids)
        await asyncio.gather(*map(count, task_ids))
        return Workload(deliberations, steps)

    async def _load(self, task_id: str) -> Deliberation | None:
        try:
            return await self._store.load(task_id)
        except ValueError as error:
            if task_id not in self._unreadable:
                _log.error("an open deliberation cannot be read: %s", error, extra={"task_id": task_id})
                self._unreadable.add(task_id)
            return None
