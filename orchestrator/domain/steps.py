"""Steps: the units of work that agents do, each with an id that makes a repeat harmless."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.domain.council import AgentType


class StepKind(StrEnum):
    """What an agent does in a step."""

    PROPOSE = "propose"
    REVIEW = "review"
    REVISE = "revise"
    SELECT = "select"


@dataclass(frozen=True)
class Step:
    """One agent's part in one phase. Proposing happens in round 0, the rest from round 1."""

    step_id: str
    kind: StepKind
    round: int
    agent_id: str


def make_step(task_id: str, kind: StepKind, round_: int, agent_id: str) -> Step:
    """The step with its id, which is the same each time."""
    return Step(f"{task_id}/{round_}/{kind}/{agent_id}", kind, round_, agent_id)


@dataclass(frozen=True)
class StepRecord:
    """That a step was answered, at `at_ms` since the epoch. `ok`: its answer could be used.

    `duration_ms`: how long the agent took over it.
    """

    kind: StepKind
    round: int
    agent_id: str
    ok: bool
    at_ms: int
    duration_ms: int = 0


def task_of(step_id: str) -> str:
    """The deliberation that a step belongs to, whose id may have slashes itself; empty where it is no step's id."""
    parts = step_id.rsplit("/", 3)
    if len(parts) != 4 or not parts[1].isdecimal() or parts[2] not in [*StepKind]:
        return ""
    return parts[0]


def seed_for(step_id: str, attempt: int) -> int:
    """A sampling seed in [0, 2^31) that depends on nothing but the step and the attempt at it."""
    digest = hashlib.sha256(f"{step_id}#{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class ChatMessage:
    """One message of a chat prompt; `role` is system or user."""

    role: str
    content: str


@dataclass(frozen=True)
class StepRequest:
    """All that an agent needs for a step: it travels on the queue.

    `labels` names the proposals to mark in a review or selection and is empty for steps that answer with text.
    `deadline_ms` is when it must be answered at the latest, in milliseconds since the epoch; a while before that of the
    deliberation. `traceparent` continues its trace.
    `agent_type` says what answers; an `endpoint` is asked in place of the service's model server.
    """

    step_id: str
    task_id: str
    kind: StepKind
    agent_id: str
    role: str
    model: str
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    temperature: float
    deadline_ms: int
    labels: tuple[str, ...] = ()
    traceparent: str = ""
    agent_type: AgentType = AgentType.RAY_VLLM
    endpoint: str = ""


@dataclass(frozen=True)
class Usage:
    """Tokens that the model counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True)
class StepResponse:
    """What came of a step; stored under its id, once.

    `error` is empty for an answer. `lost_dependency` names what did not answer, if that is why it failed; `late` says
    that there was no time left, if it is that.
    `duration_ms` is how long the agent took, without the time on the queue.
    `request_id` is the model server's id of the request; `attempts` counts the requests that were made.
    `prompt` is what the model was asked, kept so that an outcome can be explained.
    """

    step_id: str
    task_id: str
    text: str = ""
    error: str = ""
    lost_dependency: str = ""
    late: bool = False
    usage: Usage = Usage()
    model: str = ""
    request_id: str = ""
    node_id: str = ""
    actor_id: str = ""
    attempts: int = 1
    finished_at_ms: int = 0
    duration_ms: int = 0
    prompt: tuple[ChatMessage, ...] = ()
