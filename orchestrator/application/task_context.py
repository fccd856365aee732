"""Use case: tell an agent what it should know of a task and its case."""

from collections.abc import Mapping, Sequence

from orchestrator.application.councils import council_for
from orchestrator.application.ports import ContextStore, CouncilStore, DeliberationStore, PlanStore
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.council import title_of
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.derivation import AtomicTask, derivation_of
from orchestrator.domain.errors import UnknownTask
from orchestrator.domain.request import Limits
from orchestrator.domain.task_context import (
    KnownTask,
    TaskContext,
    TaskContextRequest,
    render_context,
    settle,
    validate_task_context,
)


class GetTaskContext:
    """Renders a task's context from what is stored. A task is known if it was derived or deliberated on."""

    def __init__(
        self,
        plans: PlanStore,
        deliberations: DeliberationStore,
        contexts: ContextStore,
        councils: CouncilStore,
        limits: Limits,
    ) -> None:
        self._plans = plans
        self._deliberations = deliberations
        self._contexts = contexts
        self._councils = councils
        self._limits = limits

    async def __call__(self, request: TaskContextRequest) -> TaskContext:
        """Raises InvalidRequest, UnknownRole, or UnknownTask where neither the task is known nor a case given."""
        validate_task_context(request, self._limits)
        known = await self._known(request.task_id) if request.task_id else None
        if known is None and not request.case_id:
            raise UnknownTask(request.task_id)
        settled = settle(request, known)
        council = await council_for(self._councils, settled.role)
        events: Mapping[ContextKind, Sequence[ContextEvent]] = {}
        if settled.case_id:
            events = await self._contexts.read(settled.case_id)
        return render_context(settled, council.config.title or title_of(settled.role), known, events)

    async def _known(self, task_id: str) -> KnownTask | None:
        deliberation = await self._deliberations.load(task_id)
        derived = await self._derived(task_id)
        outcome = _outcome(deliberation) if deliberation else ""
        if derived:
            return KnownTask(derived.role, derived.description, derived.constraints, derived.case_id, outcome=outcome)
        if deliberation is None:
            return None
        asked = deliberation.request
        return KnownTask(
            asked.role, asked.task_description, asked.constraints, asked.case_id, asked.story_id, outcome=outcome
        )

    async def _derived(self, task_id: str) -> AtomicTask | None:
        derivation_id = derivation_of(task_id)
        derivation = await self._plans.derivation(derivation_id) if derivation_id else None
        tasks = derivation.tasks if derivation else ()
        return next((task for task in tasks if task.task_id == task_id), None)


def _outcome(deliberation: Deliberation) -> str:
    """What came of a deliberation, in a sentence; empty while nothing has."""
    if not deliberation.final:
        return ""
    if not deliberation.results:
        return f"Deliberated on: {deliberation.status}; {deliberation.error}"
    winner = deliberation.results[0]
    text = f"Deliberated on: {deliberation.status}; {winner.author_id} won with a score of {winner.score:.2f}:"
    return f"{text}\n{deliberation.drafts[winner.author_id].content}"
