"""Councils: the agents of a role, each with a bent of its own so that their proposals differ."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

DEFAULT_ROUNDS = 1
DEFAULT_AGENTS = 3

# What agents of some type cannot do without, by the names that readiness knows. The service itself can.
AGENT_DEPENDENCIES = frozenset({"ray", "vllm"})

MOCK_MODEL = "mock"


class AgentType(StrEnum):
    """What answers for an agent: a made-up text, the model asked by the orchestrator itself, or by a Ray actor."""

    MOCK = "MOCK"
    VLLM = "VLLM"
    RAY_VLLM = "RAY_VLLM"

    @property
    def pool(self) -> "Pool":
        """Who works off its steps."""
        return Pool.RAY if self is AgentType.RAY_VLLM else Pool.LOCAL

    @property
    def needs(self) -> frozenset[str]:
        """The dependencies that it cannot do without, beside those of the service itself."""
        match self:
            case AgentType.MOCK:
                return frozenset()
            case AgentType.VLLM:
                return frozenset({"vllm"})
            case AgentType.RAY_VLLM:
                return frozenset({"vllm", "ray"})


class Pool(StrEnum):
    """Workers that share a queue of steps: the Ray actors, or the orchestrators' own processes."""

    RAY = "ray"
    LOCAL = "local"


@dataclass(frozen=True)
class Agent:
    """Who takes part in a deliberation. `temperature` is the model's sampling temperature for its proposals.

    `title` says in a prompt what it is; empty: what its role says. `model` and `endpoint` are asked in place of the
    deliberation's model and the service's model server, where they are not empty.
    """

    agent_id: str
    role: str
    persona: str
    temperature: float
    agent_type: AgentType = AgentType.RAY_VLLM
    title: str = ""
    model: str = ""
    endpoint: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """The dependencies that it cannot do without. Who has an endpoint of its own asks the service's model nothing."""
        return self.agent_type.needs - {"vllm"} if self.endpoint else self.agent_type.needs


@dataclass(frozen=True)
class Capabilities:
    """What a registered agent says it can do. Told to who lists councils; steps are not handed out by it."""

    supported_tasks: tuple[str, ...] = ()
    model_profile: str = ""
    max_concurrent_tasks: int = 0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """A place in a council: one that came with it, or an agent that was registered."""

    agent: Agent
    registered: bool = False
    capabilities: Capabilities = Capabilities()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CouncilConfig:
    """How a council deliberates where a request leaves it open, and what its agents are.

    An empty `model` is the service's; an empty `title` is what the role says.
    """

    rounds: int = DEFAULT_ROUNDS
    peer_review: bool = True
    model: str = ""
    agent_type: AgentType = AgentType.RAY_VLLM
    title: str = ""


@dataclass(frozen=True)
class Council:
    """Everybody who deliberates for a role.

    `size` is how many members it was made with. `standing` marks one of the service's own that nobody has changed.
    `version` is another one after each write, and 0 before the first; the store compares it.
    """

    role: str
    members: tuple[Member, ...]
    config: CouncilConfig = CouncilConfig()
    size: int = 0
    standing: bool = False
    version: int = 0

    @property
    def council_id(self) -> str:
        """The council's id."""
        return f"council-{self.role.lower()}"

    def member(self, agent_id: str) -> Member | None:
        """The member with this id, or None."""
        return next((member for member in self.members if member.agent.agent_id == agent_id), None)

    def model(self, service_model: str) -> str:
        """The model that its agents ask where they have none of their own."""
        if self.config.agent_type is AgentType.MOCK:
            return MOCK_MODEL
        return self.config.model or service_model

    def convene(self, count: int) -> tuple[Agent, ...]:
        """The first `count` members, who take part in one deliberation. No two have the same bent while there are others.

        A registered agent brings no bent of its own; it is given one that nobody else here has.
        """
        agents = [member.agent for member in self.members[:count]]
        taken = {agent.persona for agent in agents}
        bents = itertools.cycle([*(bent for bent in PERSONAS if bent[0] not in taken), *PERSONAS])
        return tuple(agent if agent.persona else _with_bent(agent, next(bents)) for agent in agents)

    def admit(self, newcomer: Member) -> "Council":
        """With the agent registered: in its old place if it was registered before, else behind those that were."""
        if self.member(newcomer.agent.agent_id):
            members = tuple(newcomer if m.agent.agent_id == newcomer.agent.agent_id else m for m in self.members)
        else:
            place = sum(member.registered for member in self.members)
            members = (*self.members[:place], newcomer, *self.members[place:])
        return replace(self, members=members, standing=False)

    def dismiss(self, agent_id: str) -> "Council":
        """Without the agent."""
        members = tuple(member for member in self.members if member.agent.agent_id != agent_id)
        return replace(self, members=members, standing=False)


TITLES: Mapping[str, str] = {
    "ARCHITECT": "software architect",
    "DATA": "data engineer",
    "DEV": "software developer",
    "DEVOPS": "operations engineer",
    "QA": "quality engineer",
}

PERSONAS: tuple[tuple[str, float], ...] = (
    ("Prefer the simplest thing that works.", 0.6),
    ("Think of what can fail first.", 0.8),
    ("Favour clarity for the next reader.", 0.7),
    ("Weigh cost against benefit.", 0.9),
    ("Care about speed and memory.", 0.75),
    ("Question every assumption.", 1.0),
    ("Care about security.", 0.65),
    ("Build on what exists.", 0.85),
    ("Make it easy to test.", 0.7),
    ("Plan for change.", 0.95),
)
"""Bents that the agents of a council have, each with the sampling temperature that goes with it."""


def title_of(role: str) -> str:
    """What the agents of a role are, as a prompt says it."""
    return TITLES.get(role, role.lower().replace("_", " "))


def make_council(role: str, size: int, config: CouncilConfig = CouncilConfig()) -> Council:
    """A council with `size` members of its own."""
    members = tuple(
        Member(
            Agent(
                f"agent-{role.lower()}-{index + 1}",
                role,
                *PERSONAS[index % len(PERSONAS)],
                agent_type=config.agent_type,
                title=config.title,
            )
        )
        for index in range(size)
    )
    return Council(role, members, config, size)


def standing_councils(size: int) -> tuple[Council, ...]:
    """The councils that the five roles have from the start, each with `size` members."""
    return tuple(replace(make_council(role, size), standing=True) for role in TITLES)


def _with_bent(agent: Agent, bent: tuple[str, float]) -> Agent:
    return replace(agent, persona=bent[0], temperature=bent[1])
