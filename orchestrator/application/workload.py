"""Which agents are at work, as the open deliberations tell."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.application.fresh import Fresh
from orchestrator.application.ports import Clock, DeliberationStore
from orchestrator.domain.council import Agent

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
    """Looks at what is open, at most twice a second however many ask."""

    def __init__(self, store: DeliberationStore, clock: Clock) -> None:
        self._store = store
        self._fresh = Fresh(self._look, clock)

    async def __call__(self) -> Workload:
        """The work there is, as of half a second ago at most. Raises DependencyLost."""
        return await self._fresh()

    async def _look(self) -> Workload:
        deliberations: Counter[str] = Counter()
        steps: Counter[tuple[str, str]] = Counter()
        slots = asyncio.Semaphore(_AT_ONCE)

        async def count(task_id: str) -> None:
            async with slots:
                deliberation = await self._store.load(task_id)
            if deliberation and not deliberation.final:
                role = deliberation.request.role
                deliberations[role] += 1
                steps.update((role, step.agent_id) for step in deliberation.pending.values())

        await asyncio.gather(*(count(task_id) for task_id in await self._store.open_deadlines()))
        return Workload(deliberations, steps)
