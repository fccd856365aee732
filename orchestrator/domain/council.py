"""Councils: the agents of a role, each with a bent of its own so that their proposals differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.domain.errors import UnknownRole


@dataclass(frozen=True)
class Agent:
    """A member of a council. `temperature` is the model's sampling temperature for its proposals."""

    agent_id: str
    role: str
    persona: str
    temperature: float


@dataclass(frozen=True)
class Council:
    """Everybody who deliberates for a role. `title` says in a prompt what its members are."""

    role: str
    title: str
    members: tuple[Agent, ...]

    @property
    def council_id(self) -> str:
        """The council's id."""
        return f"council-{self.role.lower()}"

    def convene(self, count: int) -> tuple[Agent, ...]:
        """The first `count` members, who take part in one deliberation."""
        return self.members[:count]


class Councils:
    """The councils there are, by role."""

    def __init__(self, councils: Iterable[Council]) -> None:
        self._by_role: Mapping[str, Council] = {council.role: council for council in councils}

    def of(self, role: str) -> Council:
        """The council of `role`. Raises UnknownRole naming the roles there are."""
        try:
            return self._by_role[role]
        except KeyError:
            raise UnknownRole(role, self.roles) from None

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that has a council, sorted."""
        return tuple(sorted(self._by_role))


TITLES: Mapping[str, str] = {
    "ARCHITECT": "software architect",
    "DATA": "data engineer",
    "DEV": "software developer",
    "DEVOPS": "operations engineer",
    "QA": "quality engineer",
}

_PERSONAS: tuple[tuple[str, float], ...] = (
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


def standing_council(role: str, size: int) -> Council:
    """The council that a role has from the start, with `size` members."""
    members = tuple(
        Agent(f"agent-{role.lower()}-{index + 1}", role, *_PERSONAS[index % len(_PERSONAS)]) for index in range(size)
    )
    return Council(role, TITLES[role], members)


def standing_councils(size: int) -> Councils:
    """The councils of the five roles, each with `size` members."""
    return Councils(standing_council(role, size) for role in TITLES)
