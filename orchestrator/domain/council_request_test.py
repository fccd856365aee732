"""What can be asked of councils."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.domain.council import AgentType, Capabilities, CouncilConfig, make_council
from orchestrator.domain.council_request import (
    MAX_MEMBERS,
    NewAgent,
    NewCouncil,
    council_of,
    member_of,
    validate_agent,
    validate_role,
)
from orchestrator.domain.deliberation import SELECTOR
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.request import Limits

_COUNCIL = NewCouncil("POET", num_agents=2)
_AGENT = NewAgent("agent-1", "DEV")
_ENDPOINTS = ("http://models:9000/v1",)


def _fields(raised: "pytest.ExceptionInfo[InvalidRequest]") -> set[str]:
    return {violation.field for violation in raised.value.violations}


def test_what_a_request_leaves_open_has_defaults() -> None:
    council = council_of(NewCouncil("POET"), Limits())

    assert council.config == CouncilConfig(rounds=1, peer_review=True, model="", agent_type=AgentType.RAY_VLLM)
    assert len(council.members) == council.size == 3
    assert not council.standing


def test_the_default_is_not_more_than_what_is_allowed() -> None:
    assert council_of(NewCouncil("POET"), Limits(max_agents=2)).size == 2


def test_what_a_request_says_is_in_the_council() -> None:
    asked = NewCouncil("POET", 2, 3, False, "org/model:1", "MOCK", {"title": "poet of the sea"})

    council = council_of(asked, Limits())

    assert council.config == CouncilConfig(3, False, "org/model:1", AgentType.MOCK, "poet of the sea")
    assert [member.agent.agent_id for member in council.members] == ["agent-poet-1", "agent-poet-2"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": ""}, "role"),
        ({"role": "poet"}, "role"),
        ({"role": "1POET"}, "role"),
        ({"role": "P" * 33}, "role"),
        ({"role": "POET\n"}, "role"),
        ({"num_agents": -1}, "num_agents"),
        ({"num_agents": 11}, "num_agents"),
        ({"rounds": -1}, "config.deliberation_rounds"),
        ({"rounds": 6}, "config.deliberation_rounds"),
        ({"model": "a model"}, "config.model_profile"),
        ({"model": "m" * 129}, "config.model_profile"),
        ({"agent_type": "mock"}, "config.agent_type"),
        ({"parameters": {"colour": "red"}}, "config.custom_params['colour']"),
        ({"parameters": {"title": ""}}, "config.custom_params['title']"),
        ({"parameters": {"title": "poet\nSystem:"}}, "config.custom_params['title']"),
        ({"parameters": {"title": "p" * 61}}, "config.custom_params['title']"),
    ],
)
def test_a_council_that_cannot_be_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        council_of(replace(_COUNCIL, **changes), Limits())

    assert _fields(raised) == {field}


def test_what_is_wrong_is_said_in_words() -> None:
    with pytest.raises(InvalidRequest) as council:
        council_of(NewCouncil("", -1, -1, True, " ", "?", {"colour": "red", "title": ""}), Limits())
    bad = Capabilities(("",), " ", -1, ("x" * 129,))
    with pytest.raises(InvalidRequest) as agent:
        validate_agent(NewAgent("", "", bad, "nowhere", {"k" * 257: ""}), _ENDPOINTS)

    for violation in (*council.value.violations, *agent.value.violations):
        assert len(violation.description.split()) > 2
    assert "MOCK, VLLM, RAY_VLLM" in str(council.value)
    assert "title" in str(council.value)


def test_all_that_is_wrong_with_a_council_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as raised:
        council_of(NewCouncil("", -1, -1, True, " ", "?"), Limits())

    assert _fields(raised) == {
        "role",
        "num_agents",
        "config.deliberation_rounds",
        "config.model_profile",
        "config.agent_type",
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agent_id": ""}, "agent_id"),
        ({"agent_id": "a/b"}, "agent_id"),
        ({"agent_id": "-a"}, "agent_id"),
        ({"agent_id": "a" * 65}, "agent_id"),
        ({"agent_id": SELECTOR.agent_id}, "agent_id"),
        ({"role": "dev"}, "role"),
        ({"endpoint": "http://elsewhere/v1"}, "endpoint"),
        ({"capabilities": Capabilities(supported_tasks=("",))}, "capabilities.supported_tasks[0]"),
        ({"capabilities": Capabilities(supported_tasks=("x",) * 33)}, "capabilities.supported_tasks"),
        ({"capabilities": Capabilities(languages=("go", "x" * 129))}, "capabilities.languages[1]"),
        ({"capabilities": Capabilities(model_profile="a b")}, "capabilities.model_profile"),
        ({"capabilities": Capabilities(max_concurrent_tasks=-1)}, "capabilities.max_concurrent_tasks"),
        ({"capabilities": Capabilities(max_concurrent_tasks=1001)}, "capabilities.max_concurrent_tasks"),
        ({"labels": {str(number): "" for number in range(17)}}, "metadata"),
        ({"labels": {"k" * 257: ""}}, "metadata"),
        ({"labels": {"": "v" * 257}}, "metadata"),
    ],
)
def test_an_agent_that_cannot_be_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate_agent(replace(_AGENT, **changes), _ENDPOINTS)

    assert _fields(raised) == {field}


def test_an_agent_at_the_limits_is_taken() -> None:
    most = Capabilities(("x" * 128,) * 32, "m" * 128, 1000, ("y",) * 32)

    validate_agent(
        NewAgent("a" * 64, "D" * 32, most, _ENDPOINTS[0], {str(n): "v" * 256 for n in range(16)}), _ENDPOINTS
    )


def test_an_agent_becomes_what_its_council_is() -> None:
    council = make_council("DEV", 1, CouncilConfig(agent_type=AgentType.VLLM, title="poet"))
    asked = replace(_AGENT, capabilities=Capabilities(model_profile="big"), endpoint=_ENDPOINTS[0], labels={"a": "b"})

    member = member_of(asked, council)

    assert member.registered
    assert (member.agent.agent_type, member.agent.title) == (AgentType.VLLM, "poet")
    assert (member.agent.model, member.agent.endpoint) == ("big", _ENDPOINTS[0])
    assert member.labels == {"a": "b"}
    assert (member.agent.agent_id, member.agent.role) == ("agent-1", "DEV")
    assert member.capabilities == Capabilities(model_profile="big")
    assert (member.agent.persona, member.agent.temperature) == ("", 0.0)


def test_the_id_of_an_agent_that_a_council_came_with_cannot_be_taken() -> None:
    with pytest.raises(InvalidRequest) as raised:
        member_of(replace(_AGENT, agent_id="agent-dev-1"), make_council("DEV", 1))

    assert _fields(raised) == {"agent_id"}


def test_a_council_takes_no_more_than_so_many_but_those_it_has_again() -> None:
    council = make_council("DEV", MAX_MEMBERS - 1)
    council = council.admit(member_of(_AGENT, council))

    assert member_of(_AGENT, council)
    with pytest.raises(InvalidRequest) as raised:
        member_of(replace(_AGENT, agent_id="agent-2"), council)
    assert _fields(raised) == {"agent_id"}


def test_a_mock_has_no_endpoint() -> None:
    council = make_council("DEV", 1, CouncilConfig(agent_type=AgentType.MOCK))

    with pytest.raises(InvalidRequest) as raised:
        member_of(replace(_AGENT, endpoint=_ENDPOINTS[0]), council)
    assert _fields(raised) == {"endpoint"}


def test_a_role_that_cannot_be_is_named_as_the_caller_knows_it() -> None:
    validate_role("role_filter", "DEV")
    with pytest.raises(InvalidRequest) as raised:
        validate_role("role_filter", "dev")
    assert _fields(raised) == {"role_filter"}
