"""Objects of the domain for tests, with everything that a test does not care about filled in."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from orchestrator.domain.council import make_council
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.planning import PlanningEvent
from orchestrator.domain.prompts import TokenBudgets, render
from orchestrator.domain.request import DeliberationRequest
from orchestrator.domain.steps import Step, StepKind, StepRequest, StepResponse, Usage

START_MS = 1_000_000
MINUTE_MS = 60_000
# What each step takes.
STEP_MS = 20


def make_request(**changes: object) -> DeliberationRequest:
    """A request of the DEV council with three agents and one round."""
    base = DeliberationRequest(
        kind="deliberate", task_description="Add two numbers.", role="DEV", rounds=1, num_agents=3, peer_review=True
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def make_deliberation(request: DeliberationRequest | None = None, task_id: str = "task-1") -> Deliberation:
    """A deliberation that has been opened at START_MS and has a minute."""
    request = request or make_request()
    deliberation = Deliberation(
        task_id=task_id,
        execution_id="exec-1",
        fingerprint=request.fingerprint(),
        model="tiny",
        request=request,
        agents=make_council(request.role, request.num_agents).convene(request.num_agents),
        created_at_ms=START_MS,
        deadline_ms=START_MS + MINUTE_MS,
    )
    deliberation.open()
    return deliberation


def marks_text(marks: Mapping[str, int], comments: Mapping[str, str] | None = None) -> str:
    """A reviewer's answer as the model gives it."""
    return json.dumps({"marks": dict(marks), "comments": dict(comments or {})})


def respond(deliberation: Deliberation, step: Step, text: str | None = None, error: str = "") -> StepResponse:
    """A response to a step. Without a text, reviews mark every proposal 5 and other steps say whose text it is."""
    if text is None:
        judges = step.kind in (StepKind.REVIEW, StepKind.SELECT)
        marks = dict.fromkeys(deliberation.ballot(step.agent_id), 5)
        text = marks_text(marks) if judges else f"{step.kind} {step.round} by {step.agent_id}"
    return StepResponse(
        step_id=step.step_id,
        task_id=deliberation.task_id,
        text="" if error else text,
        error=error,
        usage=Usage(10, 5),
        node_id="node-1",
        actor_id="actor-1",
        finished_at_ms=START_MS + 10,
        duration_ms=STEP_MS,
    )


def answer_phase(deliberation: Deliberation, failing: Iterable[str] = (), now_ms: int = START_MS + 10) -> None:
    """Answers every outstanding step; the agents named in `failing` fail."""
    failing = set(failing)
    for step in [*deliberation.pending.values()]:
        error = "the model refused" if step.agent_id in failing else ""
        deliberation.apply(respond(deliberation, step, error=error), now_ms)


def finish(deliberation: Deliberation) -> Deliberation:
    """Answers phase after phase until it is over."""
    while not deliberation.final:
        answer_phase(deliberation)
    return deliberation


def make_step_request(kind: StepKind = StepKind.PROPOSE) -> StepRequest:
    """The request of the first outstanding step in the phase `kind` of a fresh deliberation."""
    deliberation = make_deliberation()
    while deliberation.phase is not kind:
        answer_phase(deliberation)
    return render(deliberation, next(iter(deliberation.pending.values())), TokenBudgets())


def make_planning_event(**changes: object) -> PlanningEvent:
    """A plan of a case is approved at START_MS."""
    base = PlanningEvent("plan.state_changed", "case-1", "plan-1", "DRAFT", "APPROVED", START_MS)
    return replace(base, **changes)  # type: ignore[arg-type]
