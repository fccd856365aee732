"""Publishes what follows from a deliberation that has been written: steps, events, wake-ups."""

import asyncio
from collections.abc import Iterable

from orchestrator.application.ports import (
    DeliberationEvent,
    DeliberationStore,
    Endings,
    EventPublisher,
    MoveAnnouncer,
    StatisticsStore,
    StepCanceller,
    StepQueue,
)
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.prompts import TokenBudgets, render
from orchestrator.domain.statistics import measure
from orchestrator.domain.steps import Step


class Dispatcher:
    """Every message it sends can be sent again without harm, so after a crash all of it is simply repeated."""

    def __init__(
        self,
        store: DeliberationStore,
        queue: StepQueue,
        events: EventPublisher,
        moves: MoveAnnouncer,
        endings: Endings,
        canceller: StepCanceller,
        statistics: StatisticsStore,
        budgets: TokenBudgets,
    ) -> None:
        self._store = store
        self._queue = queue
        self._events = events
        self._moves = moves
        self._endings = endings
        self._canceller = canceller
        self._statistics = statistics
        self._budgets = budgets

    async def opened(self, deliberation: Deliberation) -> None:
        """Announces a new deliberation and hands out its first steps."""
        await asyncio.gather(
            self._events.publish(_event(deliberation, "started")),
            self._hand_out(deliberation, deliberation.pending.values()),
        )

    async def advanced(self, deliberation: Deliberation, steps: Iterable[Step]) -> None:
        """Hands out the steps that a transition made outstanding, or announces the end."""
        await self._moves.moved(deliberation.task_id, over=deliberation.final)
        if not deliberation.final:
            await self._hand_out(deliberation, steps)
            return
        if deliberation.status is not Status.COMPLETED:
            # Its steps are of no use any more. The mark is first: a step that begins meanwhile finds it.
            await self._endings.mark(deliberation.task_id, deliberation.deadline_ms)
            await self._canceller.cancel(deliberation.task_id)
        name = "completed" if deliberation.status is Status.COMPLETED else "failed"
        await self._statistics.record(measure(deliberation))
        await self._events.publish(_event(deliberation, name))
        # Last: until it is closed, recovery finds it and announces it again.
        await self._store.close(deliberation.task_id)

    async def _hand_out(self, deliberation: Deliberation, steps: Iterable[Step]) -> None:
        await asyncio.gather(*(self._queue.publish(render(deliberation, step, self._budgets)) for step in steps))


def _event(deliberation: Deliberation, name: str) -> DeliberationEvent:
    started = name == "started"
    payload: dict[str, object] = {
        "event": name,
        "task_id": deliberation.task_id,
        "execution_id": deliberation.execution_id,
        "role": deliberation.request.role,
        "status": str(deliberation.status),
        "occurred_at_ms": deliberation.created_at_ms if started else deliberation.finished_at_ms,
        "agents": [agent.agent_id for agent in deliberation.agents],
        "rounds": deliberation.rounds,
    }
    if not started:
        payload |= {
            "winner_id": deliberation.winner_id,
            "duration_ms": deliberation.finished_at_ms - deliberation.created_at_ms,
            "warnings": list(deliberation.warnings),
            "error_message": deliberation.error,
            "results": [
                {"author_id": result.author_id, "score": result.score, "rank": result.rank}
                for result in deliberation.results
            ],
        }
    return DeliberationEvent(name, deliberation.task_id, payload)
