"""What a caller asks of councils, and whether that is acceptable. Text is measured in characters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.domain.bounds import bad_labels, bad_texts, out_of_range
from orchestrator.domain.council import (
    DEFAULT_AGENTS,
    DEFAULT_ROUNDS,
    Agent,
    AgentType,
    Capabilities,
    Council,
    CouncilConfig,
    Member,
    make_council,
)
from orchestrator.domain.deliberation import SELECTOR
from orchestrator.domain.endpoints import endpoint_fault
from orchestrator.domain.errors import FieldViolation, InvalidRequest
from orchestrator.domain.request import Limits

MAX_COUNCILS = 100
MAX_MEMBERS = 50
MAX_CONCURRENT_TASKS = 1_000
_MAX_TITLE = 60
_MAX_ENTRIES = 32
_MAX_ENTRY = 128
_MAX_LABELS = 16
_MAX_LABEL = 256

_ROLE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_AGENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}")
# A title stands in every prompt of its council's agents.
_TITLE = re.compile(rf"\w[\w ,.&/+()'-]{{0,{_MAX_TITLE - 1}}}")


@dataclass(frozen=True)
class NewCouncil:
    """A council to create. An empty agent_type is RAY_VLLM, no num_agents is three, no rounds is one."""

    role: str
    num_agents: int = 0
    rounds: int = 0
    peer_review: bool = True
    model: str = ""
    agent_type: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewAgent:
    """An agent to register. An empty `endpoint` is the service's own model server."""

    agent_id: str
    role: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    endpoint: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def council_of(request: NewCouncil, limits: Limits) -> Council:
    """The council that is asked for. Raises InvalidRequest that names the offending fields."""
    if violations := [*_council_violations(request, limits)]:
        raise InvalidRequest(violations)
    config = CouncilConfig(
        rounds=request.rounds or DEFAULT_ROUNDS,
        peer_review=request.peer_review,
        model=request.model,
        agent_type=AgentType(request.agent_type or AgentType.RAY_VLLM),
        title=request.parameters.get("title", ""),
    )
    return make_council(request.role, request.num_agents or min(DEFAULT_AGENTS, limits.max_agents), config)


def validate_agent(request: NewAgent, endpoints: tuple[str, ...]) -> None:
    """Raises InvalidRequest that names the offending fields. `endpoints` are the prefixes that an endpoint may have."""
    if violations := [*_agent_violations(request, endpoints)]:
        raise InvalidRequest(violations)


def member_of(request: NewAgent, council: Council) -> Member:
    """The member that the agent becomes. Raises InvalidRequest where the council cannot take it."""
    known = council.member(request.agent_id)
    if known and not known.registered:
        raise InvalidRequest([FieldViolation("agent_id", f"is that of an agent that {council.council_id} came with")])
    if not known and len(council.members) >= MAX_MEMBERS:
        fault = f"{council.council_id} has {MAX_MEMBERS} agents already, which is the limit; unregister one first"
        raise InvalidRequest([FieldViolation("agent_id", fault)])
    config = council.config
    if request.endpoint and config.agent_type is AgentType.MOCK:
        raise InvalidRequest(
            [FieldViolation("endpoint", f"the agents of {council.council_id} are MOCK and ask nobody")]
        )
    agent = Agent(
        request.agent_id,
        request.role,
        persona="",
        temperature=0.0,
        agent_type=config.agent_type,
        title=config.title,
        model=request.capabilities.model_profile,
        endpoint=request.endpoint,
    )
    return Member(agent, True, request.capabilities, request.labels)


def validate_role(name: str, role: str) -> None:
    """Raises InvalidRequest, which names the field `name`, if no council can have this role."""
    if violations := [*bad_role(name, role)]:
        raise InvalidRequest(violations)


def validate_membership(agent_id: str, role: str) -> None:
    """Raises InvalidRequest, which names the fields, if no agent and council can have this id and role."""
    if violations := [*_bad_agent_id(agent_id), *bad_role("role", role)]:
        raise InvalidRequest(violations)


def bad_role(name: str, role: str) -> Iterator[FieldViolation]:
    """A violation of the field `name` if no council can have this role."""
    if not _ROLE.fullmatch(role):
        yield FieldViolation(name, "must be a capital letter and up to 31 capital letters, digits and underscores")


def _bad_agent_id(agent_id: str) -> Iterator[FieldViolation]:
    if not _AGENT_ID.fullmatch(agent_id):
        fault = "must start with a letter or digit and have up to 64 letters, digits and ._:@+-"
        yield FieldViolation("agent_id", fault)


def _bad_model(name: str, model: str) -> Iterator[FieldViolation]:
    if model and not _MODEL.fullmatch(model):
        yield FieldViolation(name, "must be a model's name as /v1/models lists it: up to 128 letters, digits, ._:@/+-")


def _council_violations(request: NewCouncil, limits: Limits) -> Iterator[FieldViolation]:
    yield from bad_role("role", request.role)
    yield from out_of_range("num_agents", request.num_agents, 0, limits.max_agents)
    yield from out_of_range("config.deliberation_rounds", request.rounds, 0, limits.max_rounds)
    yield from _bad_model("config.model_profile", request.model)
    if request.agent_type and request.agent_type not in [*AgentType]:
        yield FieldViolation("config.agent_type", f"is not known; there are {', '.join(AgentType)}")
    for name, value in request.parameters.items():
        field_ = f"config.custom_params[{name[:40]!r}]"
        if name != "title":
            yield FieldViolation(field_, "is not known; there is title")
        elif not _TITLE.fullmatch(value):
            yield FieldViolation(field_, f"must be up to {_MAX_TITLE} letters, digits, spaces and ,.&/+()'-")


def _agent_violations(request: NewAgent, endpoints: tuple[str, ...]) -> Iterator[FieldViolation]:
    yield from _bad_agent_id(request.agent_id)
    if request.agent_id == SELECTOR.agent_id:
        yield FieldViolation("agent_id", "is that of the service's own architect")
    yield from bad_role("role", request.role)
    capabilities = request.capabilities
    for name in ("supported_tasks", "languages"):
        yield from bad_texts(f"capabilities.{name}", getattr(capabilities, name), _MAX_ENTRIES, _MAX_ENTRY)
    yield from _bad_model("capabilities.model_profile", capabilities.model_profile)
    yield from out_of_range(
        "capabilities.max_concurrent_tasks", capabilities.max_concurrent_tasks, 0, MAX_CONCURRENT_TASKS
    )
    yield from bad_labels("metadata", request.labels, _MAX_LABELS, _MAX_LABEL)
    if request.endpoint and (fault := endpoint_fault(request.endpoint, endpoints)):
        yield FieldViolation("endpoint", fault)
