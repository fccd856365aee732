"""Councils: made, listed, joined, left and deleted; and each type of agent at work."""

import uuid
from collections.abc import Iterator

import grpc
import pytest

from e2e.suite.conftest import Deliberate
from e2e.suite.errors import field_violations, refused
from e2e.suite.evidence import RPC_SECONDS, Stack, check_ranking
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

Stub = pb_grpc.OrchestratorServiceStub


@pytest.fixture
def role(orchestrator: Stub) -> Iterator[str]:
    """A role that no other test has; its council is gone afterwards."""
    role = f"ROLE_{uuid.uuid4().hex[:12].upper()}"
    yield role
    if _council(orchestrator, role):
        orchestrator.DeleteCouncil(pb.DeleteCouncilRequest(role=role), timeout=10)


def _create(orchestrator: Stub, role: str, agent_type: str, agents: int = 2) -> pb.CreateCouncilResponse:
    config = pb.CouncilConfig(agent_type=agent_type, enable_peer_review=True, deliberation_rounds=1)
    request = pb.CreateCouncilRequest(role=role, num_agents=agents, config=config)
    return orchestrator.CreateCouncil(request, timeout=10)


def _council(orchestrator: Stub, role: str) -> pb.CouncilInfo | None:
    request = pb.ListCouncilsRequest(role_filter=role, include_agents=True)
    return next(iter(orchestrator.ListCouncils(request, timeout=10).councils), None)


def test_a_council_is_listed_from_its_creation_to_its_deletion(orchestrator: Stub, role: str) -> None:
    """The same council again changes nothing; once deleted, its role is unknown."""
    created = _create(orchestrator, role, "MOCK")

    council = _council(orchestrator, role)
    assert _create(orchestrator, role, "MOCK") == created
    other = refused(lambda: _create(orchestrator, role, "VLLM"))
    deleted = orchestrator.DeleteCouncil(pb.DeleteCouncilRequest(role=role), timeout=10)
    unknown = refused(lambda: orchestrator.DeleteCouncil(pb.DeleteCouncilRequest(role=role), timeout=10))

    assert created.agents_created == len({*created.agent_ids}) == 2
    assert council is not None
    assert (council.council_id, council.status) == (created.council_id, "idle")
    assert [agent.agent_id for agent in council.agents] == created.agent_ids
    assert {agent.status for agent in council.agents} == {"ready"}
    assert other.code() is grpc.StatusCode.ALREADY_EXISTS
    assert (deleted.success, deleted.agents_removed) == (True, 2)
    assert unknown.code() is grpc.StatusCode.NOT_FOUND
    assert _council(orchestrator, role) is None


def test_mocks_deliberate_without_the_model(orchestrator: Stub, backstage: Stack | None, role: str) -> None:
    """Nothing is asked of the model server, and Ray has no part in it."""
    created = _create(orchestrator, role, "MOCK")
    before = backstage.model_server.finished_requests() if backstage else 0

    answer = orchestrator.Deliberate(
        pb.DeliberateRequest(task_description="Add two numbers.", role=role), timeout=RPC_SECONDS
    )

    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
    assert {result.proposal.author_id for result in answer.results} == {*created.agent_ids}
    tags = answer.metadata.tags
    assert (tags["agent_type"], tags["model"], tags["steps"]) == ("MOCK", "mock", "6")
    assert "ray.nodes" not in tags
    if backstage:
        assert backstage.model_server.finished_requests() == before


def test_agents_of_the_orchestrator_itself_ask_the_model(
    orchestrator: Stub, stack: Stack, deliberate: Deliberate, role: str
) -> None:
    """The orchestrator works off their steps; each is a request to the model server, and none ran on Ray."""
    _create(orchestrator, role, "VLLM")

    (evidence,) = deliberate(pb.DeliberateRequest(task_description="Name a prime number.", role=role))

    check_ranking(evidence)
    assert evidence.tags["agent_type"] == "VLLM"
    assert len(evidence.steps) == 6
    assert {step["model"] for step in evidence.steps.values()} == {stack.model}
    assert {step["node_id"] for step in evidence.steps.values()} == {""}


def test_a_registered_agent_takes_part_until_it_is_unregistered(orchestrator: Stub, role: str) -> None:
    """It is convened before the agents that the council came with."""
    _create(orchestrator, role, "MOCK")
    capabilities = pb.AgentCapabilities(supported_tasks=["review"], languages=["python"], max_concurrent_tasks=2)
    guest = pb.RegisterAgentRequest(agent_id="guest-1", role=role, capabilities=capabilities)
    alone = pb.DeliberateRequest(task_description="Add two numbers.", role=role, num_agents=1)

    registered = orchestrator.RegisterAgent(guest, timeout=10)
    with_guest = orchestrator.Deliberate(alone, timeout=RPC_SECONDS)
    listed = _council(orchestrator, role)
    left = orchestrator.UnregisterAgent(pb.UnregisterAgentRequest(agent_id="guest-1", role=role), timeout=10)
    without = orchestrator.Deliberate(alone, timeout=RPC_SECONDS)

    assert registered.success
    assert listed is not None
    assert listed.agents[0].agent_id == with_guest.winner_id == "guest-1"
    assert [*listed.agents[0].capabilities.supported_tasks] == ["review"]
    assert left.success
    assert without.winner_id != "guest-1"


def test_what_cannot_be_is_refused_and_the_fields_are_named(orchestrator: Stub, role: str) -> None:
    """No caller can make the service talk to an address of its choice."""
    config = pb.CouncilConfig(agent_type="ORACLE", custom_params={"colour": "red"})
    council = refused(
        lambda: orchestrator.CreateCouncil(pb.CreateCouncilRequest(role=role, num_agents=99, config=config), timeout=10)
    )
    _create(orchestrator, role, "MOCK")
    endpoint = "http://169.254.169.254/latest"
    agent = refused(
        lambda: orchestrator.RegisterAgent(
            pb.RegisterAgentRequest(agent_id="guest-1", role=role, endpoint=endpoint), timeout=10
        )
    )
    many = refused(
        lambda: orchestrator.Deliberate(
            pb.DeliberateRequest(task_description="x", role=role, num_agents=3), timeout=RPC_SECONDS
        )
    )

    assert field_violations(council) == {"num_agents", "config.agent_type", "config.custom_params['colour']"}
    assert field_violations(agent) == {"endpoint"}
    assert field_violations(many) == {"num_agents"}
