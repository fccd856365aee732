"""What an agent of some role should know of a task and its case, in one phase of the work."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace

from orchestrator.domain.bounds import out_of_range, too_long, too_many
from orchestrator.domain.context import ContextEvent, ContextKind, ContextSelection, hydrate
from orchestrator.domain.council_request import bad_role
from orchestrator.domain.errors import FieldViolation, InvalidRequest
from orchestrator.domain.request import Constraints, Limits

DEFAULT_PHASE = "BUILD"

PHASES: Mapping[str, str] = {
    "DESIGN": "Decide how it is to be made: its parts, their interfaces, and what can go wrong.",
    "BUILD": "Make what was decided, complete and ready to be used.",
    "TEST": "Find out whether it does what it must: which cases show it, what they expect, and how they are run.",
    "DOCS": "Explain it to those who use it and to those who keep it.",
}

# English has about four characters a token; bytes of UTF-8 come nearer than characters do in other scripts.
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class TaskContextRequest:
    """Whose context, of which task. An empty phase is BUILD; an empty role is the task's own."""

    task_id: str = ""
    case_id: str = ""
    story_id: str = ""
    role: str = ""
    phase: str = ""
    selection: ContextSelection = field(default_factory=ContextSelection)


@dataclass(frozen=True)
class KnownTask:
    """A task that the service knows: one that it derived, or that was deliberated on. `outcome` is what came of it."""

    role: str
    description: str
    constraints: Constraints = field(default_factory=Constraints)
    case_id: str = ""
    story_id: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class TaskContext:
    """What to tell the agent, by what it is for: who it is, what it must know, what it has, and what happened before."""

    system: str
    context: str
    tools: str
    history: str

    @property
    def text(self) -> str:
        """The blocks that have something, in order."""
        return "\n\n".join(filter(None, astuple(self)))

    @property
    def tokens(self) -> int:
        """About how many tokens the text has: one for each four bytes of UTF-8."""
        return -(-len(self.text.encode()) // _BYTES_PER_TOKEN)

    @property
    def version(self) -> str:
        """A hash that is another one exactly when a block is."""
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()[:16]


def validate_task_context(request: TaskContextRequest, limits: Limits) -> None:
    """Raises InvalidRequest that names the offending fields."""
    if violations := [*_violations(request, limits)]:
        raise InvalidRequest(violations)


def settle(request: TaskContextRequest, known: KnownTask | None) -> TaskContextRequest:
    """The request with what the known task adds. Raises InvalidRequest where they contradict each other or lack a role."""
    if known is None:
        known = KnownTask(role="", description="")
    faults = [
        FieldViolation(name, "is not that of the task")
        for name in ("case_id", "story_id")
        if getattr(request, name) and getattr(known, name) and getattr(request, name) != getattr(known, name)
    ]
    role = request.role or known.role
    if not role:
        faults.append(FieldViolation("role", "must not be empty where the task is not known"))
    if faults:
        raise InvalidRequest(faults)
    return replace(
        request,
        role=role,
        phase=request.phase or DEFAULT_PHASE,
        case_id=request.case_id or known.case_id,
        story_id=request.story_id or known.story_id,
    )


def render_context(
    request: TaskContextRequest,
    title: str,
    known: KnownTask | None,
    events: Mapping[ContextKind, Sequence[ContextEvent]],
) -> TaskContext:
    """The context of a settled request. `title` is what agents of the role are; `events` are the case's by kind."""
    constraints = known.constraints if known else Constraints()
    before = hydrate(events, replace(request.selection, decisions=False, summaries=False)).text
    return TaskContext(
        system=f"You are a {title}. Phase: {request.phase}. {PHASES[request.phase]}",
        context="\n".join(_what_to_know(request, known, events)),
        tools="\n".join(_what_there_is(constraints)),
        history="\n".join(filter(None, (before, known.outcome if known else ""))),
    )


def _what_to_know(
    request: TaskContextRequest, known: KnownTask | None, events: Mapping[ContextKind, Sequence[ContextEvent]]
) -> Iterator[str]:
    if request.story_id:
        yield f"Story: {request.story_id}"
    if known:
        yield f"Task: {known.description.strip()}"
        for requirement in known.constraints.requirements:
            yield f"Requirement: {' '.join(requirement.split())}"
        if known.constraints.rubric.strip():
            yield f"Judged by: {known.constraints.rubric.strip()}"
    if decided := hydrate(events, replace(request.selection, timeline=False)).text:
        yield decided


def _what_there_is(constraints: Constraints) -> Iterator[str]:
    """The checks, which are all that an agent of the service has besides the model."""
    yield "Put code in fenced blocks that name their language: it is read for errors, and never run."
    if constraints.requirements:
        yield "Each requirement is looked for in your text; quoted words must stand in it."
    if constraints.rubric.strip():
        yield "Each criterion is looked for in your text by its key terms."


def _violations(request: TaskContextRequest, limits: Limits) -> Iterator[FieldViolation]:
    if not request.task_id and not request.case_id:
        yield FieldViolation("task_id", "must not be empty without a case_id")
    for name in ("task_id", "case_id", "story_id"):
        yield from too_long(name, getattr(request, name), limits.max_id)
    if request.role:
        yield from bad_role("role", request.role)
    if request.phase and request.phase not in PHASES:
        yield FieldViolation("phase", f"must be one of {', '.join(PHASES)}")
    selection = request.selection
    yield from out_of_range("options.max_events", selection.max_events, 0, limits.max_events)
    yield from too_many("options.scopes", len(selection.scopes), limits.max_labels)
    for index, scope in enumerate(selection.scopes):
        yield from too_long(f"options.scopes[{index}]", scope, limits.max_label)
