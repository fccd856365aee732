"""What a caller asks for, and whether that is acceptable."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

from orchestrator.domain.bounds import bad_labels, bad_texts, out_of_range, too_long, too_many
from orchestrator.domain.context import ContextSelection
from orchestrator.domain.council import DEFAULT_AGENTS, Council
from orchestrator.domain.errors import FieldViolation, InvalidRequest

# Characters that stand in a Redis key, a log line and (percent-encoded) a NATS subject without surprise.
_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}")


@dataclass(frozen=True)
class Constraints:
    """What proposals are held to. Zero for max_iterations and timeout_seconds means no bound of its own."""

    rubric: str = ""
    requirements: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    max_iterations: int = 0
    timeout_seconds: int = 0


@dataclass(frozen=True)
class DeliberationRequest:
    """A request. `kind` is "deliberate" or "orchestrate".

    No rounds, no num_agents and a peer_review of None leave it to the council; `settled` fills them in.
    """

    kind: str
    task_description: str
    role: str
    constraints: Constraints = Constraints()
    rounds: int = 0
    num_agents: int = 0
    peer_review: bool | None = None
    architect_selection: bool = False
    case_id: str = ""
    story_id: str = ""
    plan_id: str = ""
    context: ContextSelection | None = None

    @property
    def planned_rounds(self) -> int:
        """Rounds after constraints.max_iterations has had its say."""
        limit = self.constraints.max_iterations
        return min(self.rounds, limit) if limit else self.rounds

    def settled(self, council: Council) -> "DeliberationRequest":
        """With what it leaves open as the council has it: its rounds, its peer review, and three agents or all it has."""
        return replace(
            self,
            rounds=self.rounds or council.config.rounds,
            num_agents=self.num_agents or min(DEFAULT_AGENTS, len(council.members)),
            peer_review=council.config.peer_review if self.peer_review is None else self.peer_review,
        )

    def fingerprint(self) -> str:
        """Equal for equal requests; what tells a repeated task_id from a reused one."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Limits:
    """The most that a request may ask for. Text is measured in characters."""

    max_agents: int = 10
    max_rounds: int = 5
    max_timeout_seconds: int = 3600
    max_text: int = 16_000
    max_rubric: int = 8_000
    max_requirements: int = 50
    max_requirement: int = 1_000
    max_labels: int = 50
    max_label: int = 1_000
    max_id: int = 128
    max_events: int = 200


@dataclass(frozen=True)
class MessageForm:
    """How the caller's message says it: its fields for rounds and agents, and what in it could not be read."""

    rounds: str = "rounds"
    agents: str = "num_agents"
    unreadable: tuple[FieldViolation, ...] = ()


DELIBERATE = MessageForm()


def validate(request: DeliberationRequest, task_id: str, limits: Limits, form: MessageForm = DELIBERATE) -> None:
    """Raises InvalidRequest that names the offending fields. An empty `task_id` is one that the server makes."""
    violations = [*form.unreadable, *_violations(request, limits, form)]
    if task_id and not valid_task_id(task_id):
        violations.append(
            FieldViolation(
                "task_id",
                "must start with a letter or digit, hold only letters, digits and ._:@/+-, "
                "and have at most 128 characters",
            )
        )
    if violations:
        raise InvalidRequest(violations)


def valid_task_id(task_id: str) -> bool:
    """Whether a caller may choose this id."""
    return _TASK_ID.fullmatch(task_id) is not None


def require_seats(request: DeliberationRequest, council: Council, form: MessageForm = DELIBERATE) -> None:
    """Raises InvalidRequest where more agents are asked for than the council has."""
    there = len(council.members)
    if request.num_agents > there:
        fault = f"is {request.num_agents}, more than the {there} agents of {council.council_id}"
        raise InvalidRequest([FieldViolation(form.agents, fault)])


def _violations(request: DeliberationRequest, limits: Limits, form: MessageForm) -> Iterator[FieldViolation]:
    constraints = request.constraints
    if not request.task_description.strip():
        yield FieldViolation("task_description", "must not be empty")
    yield from too_long("task_description", request.task_description, limits.max_text)
    yield from too_long("role", request.role, limits.max_id)
    yield from out_of_range(form.rounds, request.rounds, 0, limits.max_rounds)
    yield from out_of_range(form.agents, request.num_agents, 0, limits.max_agents)
    yield from out_of_range("constraints.max_iterations", constraints.max_iterations, 0, 2**31 - 1)
    yield from out_of_range("constraints.timeout_seconds", constraints.timeout_seconds, 0, limits.max_timeout_seconds)
    yield from too_long("constraints.rubric", constraints.rubric, limits.max_rubric)
    yield from bad_texts(
        "constraints.requirements", constraints.requirements, limits.max_requirements, limits.max_requirement
    )
    yield from bad_labels("constraints.metadata", constraints.metadata, limits.max_labels, limits.max_label)
    for name in ("case_id", "story_id", "plan_id"):
        yield from too_long(name, getattr(request, name), limits.max_id)
    if request.context is not None:
        yield from out_of_range("context_options.max_events", request.context.max_events, 0, limits.max_events)
        yield from too_many("context_options.scopes", len(request.context.scopes), limits.max_labels)
        for index, scope in enumerate(request.context.scopes):
            yield from too_long(f"context_options.scopes[{index}]", scope, limits.max_label)
