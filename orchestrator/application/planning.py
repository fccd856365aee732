"""Use cases: take in what happens to plans, and split plans into tasks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.application.councils import council_for
from orchestrator.application.ports import ContextStore, CouncilStore, PlanStore, TaskPublisher, UnreadableMessage
from orchestrator.domain.context import ContextKind
from orchestrator.domain.derivation import (
    Derivation,
    DerivationRequest,
    Knowledge,
    derive,
    requested_by,
    validate_derivation,
)
from orchestrator.domain.errors import InvalidRequest, UnknownRole
from orchestrator.domain.planning import (
    PlanningEvent,
    brief,
    parse_planning_event,
    timeline_entry,
    validate_event,
)


class DeriveSubtasks:
    """Splits a plan into tasks by what is known of it. A request that was answered before is answered the same."""

    def __init__(
        self, plans: PlanStore, contexts: ContextStore, councils: CouncilStore, publisher: TaskPublisher
    ) -> None:
        self._plans = plans
        self._contexts = contexts
        self._councils = councils
        self._publisher = publisher

    async def __call__(self, request: DerivationRequest) -> Derivation:
        """The tasks, published if that is asked for. Raises InvalidRequest or UnknownRole."""
        await self.check(request)
        derivation = await self._plans.derivation(request.derivation_id)
        if derivation is None:
            derivation = await self._plans.put_if_absent(derive(request, await self._knowledge(request)))
        if request.strategy.auto_publish and not derivation.published:
            for task in derivation.tasks:
                await self._publisher.publish(task)
            await self._plans.mark_published(derivation)
        return derivation

    async def check(self, request: DerivationRequest) -> None:
        """Raises InvalidRequest, or UnknownRole for a role that nobody has a council for."""
        validate_derivation(request)
        for role in request.roles:
            await council_for(self._councils, role)

    async def _knowledge(self, request: DerivationRequest) -> Knowledge:
        events = await self._plans.events(request.case_id, request.plan_id)
        context = await self._contexts.read(request.case_id)
        return Knowledge(brief(events), context[ContextKind.DECISION])


@dataclass(frozen=True)
class Processed:
    """What came of a planning event. `known`: it had been taken in before."""

    known: bool
    derived_task_ids: Sequence[str] = ()


class ProcessPlanningEvent:
    """Takes in an event of a plan: keeps it, tells it to the case's timeline, and derives what an approval asks for.

    Each of these can be repeated without harm, so an event whose processing was cut short is simply processed again.
    """

    def __init__(self, plans: PlanStore, contexts: ContextStore, derive_subtasks: DeriveSubtasks) -> None:
        self._plans = plans
        self._contexts = contexts
        self._derive_subtasks = derive_subtasks

    async def __call__(self, event: PlanningEvent) -> Processed:
        """Raises InvalidRequest or UnknownRole, having kept nothing."""
        validate_event(event)
        request = requested_by(event)
        if request:
            await self._derive_subtasks.check(request)
        new = await self._plans.append(event)
        await self._contexts.append(timeline_entry(event))
        if request is None:
            return Processed(known=not new)
        derivation = await self._derive_subtasks(request)
        return Processed(not new, [task.task_id for task in derivation.tasks])


class KeepPlanningEvent:
    """Takes in planning events that come as messages."""

    def __init__(self, process: ProcessPlanningEvent) -> None:
        self._process = process

    async def __call__(self, subject: str, data: bytes) -> None:
        """Processes the event. Raises UnreadableMessage for one that no repeat would mend, or DependencyLost."""
        try:
            event = parse_planning_event(json.loads(data))
            await self._process(event)
        except (ValueError, RecursionError, InvalidRequest, UnknownRole) as error:
            reason = str(error) if isinstance(error, InvalidRequest | UnknownRole) else "not JSON"
            raise UnreadableMessage(f"not a planning event: {reason}") from error
