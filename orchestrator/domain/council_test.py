"""Councils: who is convened, and what becomes of a council whose members change."""

import pytest

from orchestrator.domain.council import (
    PERSONAS,
    Agent,
    AgentType,
    Council,
    CouncilConfig,
    Member,
    Pool,
    make_council,
    standing_councils,
    title_of,
)


def _registered(agent_id: str, endpoint: str = "") -> Member:
    return Member(Agent(agent_id, "DEV", persona="", temperature=0, endpoint=endpoint), registered=True)


def _ids(council: Council) -> list[str]:
    return [member.agent.agent_id for member in council.members]


def test_the_five_roles_have_councils_from_the_start() -> None:
    councils = standing_councils(4)

    assert sorted(council.role for council in councils) == ["ARCHITECT", "DATA", "DEV", "DEVOPS", "QA"]
    assert all(council.standing and len(council.members) == council.size == 4 for council in councils)
    assert len({council.council_id for council in councils}) == 5


def test_agents_of_a_council_differ_in_their_bent() -> None:
    agents = make_council("DEV", len(PERSONAS)).convene(len(PERSONAS))

    assert len({agent.persona for agent in agents}) == len(agents)


def test_a_council_gives_its_agents_its_type_and_title() -> None:
    config = CouncilConfig(agent_type=AgentType.VLLM, title="poet")

    assert {(agent.agent_type, agent.title) for agent in make_council("POET", 2, config).convene(2)} == {
        (AgentType.VLLM, "poet")
    }


@pytest.mark.parametrize(
    ("config", "model"),
    [
        (CouncilConfig(), "service"),
        (CouncilConfig(model="own"), "own"),
        (CouncilConfig(model="own", agent_type=AgentType.MOCK), "mock"),
    ],
)
def test_a_council_asks_its_own_model_or_the_services_and_a_mock_asks_none(config: CouncilConfig, model: str) -> None:
    assert make_council("DEV", 1, config).model("service") == model


@pytest.mark.parametrize(
    ("agent_type", "pool", "needs"),
    [
        (AgentType.MOCK, Pool.LOCAL, set()),
        (AgentType.VLLM, Pool.LOCAL, {"vllm"}),
        (AgentType.RAY_VLLM, Pool.RAY, {"vllm", "ray"}),
    ],
)
def test_a_type_says_who_works_and_what_that_takes(agent_type: AgentType, pool: Pool, needs: set[str]) -> None:
    assert agent_type.pool is pool
    assert {*agent_type.needs} == needs


def test_an_agent_with_an_endpoint_does_not_need_the_services_model() -> None:
    assert _registered("a", endpoint="http://models/v1").agent.needs == frozenset({"ray"})


def test_registered_agents_are_convened_before_the_councils_own_in_the_order_they_came() -> None:
    council = make_council("DEV", 2).admit(_registered("first")).admit(_registered("second"))

    assert _ids(council) == ["first", "second", "agent-dev-1", "agent-dev-2"]
    assert [agent.agent_id for agent in council.convene(3)] == ["first", "second", "agent-dev-1"]


def test_a_registered_agent_gets_a_bent_that_nobody_else_has() -> None:
    council = make_council("DEV", 4).admit(_registered("first")).admit(_registered("second"))

    bents = [(agent.persona, agent.temperature) for agent in council.convene(5)]

    assert len(set(bents)) == 5
    assert bents[2:] == [*PERSONAS[:3]]
    assert set(bents) <= set(PERSONAS)


def test_there_are_bents_for_more_agents_than_there_are_bents() -> None:
    council = make_council("DEV", 1)
    for number in range(15):
        council = council.admit(_registered(f"agent-{number}"))

    assert all(agent.persona for agent in council.convene(16))


def test_an_agent_that_is_registered_again_keeps_its_place() -> None:
    council = make_council("DEV", 1).admit(_registered("first")).admit(_registered("second"))

    again = council.admit(_registered("first", endpoint="http://models/v1"))

    assert _ids(again) == _ids(council)
    assert again.members[0].agent.endpoint == "http://models/v1"


def test_an_agent_that_is_dismissed_is_gone() -> None:
    assert _ids(make_council("DEV", 3).dismiss("agent-dev-2")) == ["agent-dev-1", "agent-dev-3"]


def test_a_standing_council_whose_members_change_is_nobodys_own_any_more() -> None:
    (dev,) = [council for council in standing_councils(2) if council.role == "DEV"]

    assert dev.admit(_registered("first")).standing is False
    assert dev.dismiss("agent-dev-1").standing is False


@pytest.mark.parametrize(("role", "title"), [("DEV", "software developer"), ("SECURITY_ENGINEER", "security engineer")])
def test_every_role_has_a_title(role: str, title: str) -> None:
    assert title_of(role) == title
