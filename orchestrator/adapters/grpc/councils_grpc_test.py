"""The contract's meaning for councils and their agents."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.testing.calls import detail, failure, work
from orchestrator.testing.stage import ENDPOINTS, Stage, SwitchedDependency
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _poets(**config: Any) -> pb.CreateCouncilRequest:
    return pb.CreateCouncilRequest(
        role="POET",
        num_agents=2,
        config=pb.CouncilConfig(**{"agent_type": "MOCK", "enable_peer_review": True, **config}),
    )


async def test_a_new_council_is_told_and_listed_and_deliberates(stub: Any, stage: Stage) -> None:
    created = await stub.CreateCouncil(_poets(deliberation_rounds=2))
    listed = await stub.ListCouncils(pb.ListCouncilsRequest(role_filter="POET", include_agents=True))
    request = pb.DeliberateRequest(task_description="Write a poem.", role="POET", task_id="mine")
    answer, _ = await asyncio.gather(stub.Deliberate(request), work(stage, "mine"))

    assert (created.council_id, created.agents_created) == ("council-poet", 2)
    (council,) = listed.councils
    assert (council.council_id, council.num_agents, council.status, council.model) == (
        "council-poet",
        2,
        "idle",
        "mock",
    )
    assert [agent.agent_id for agent in council.agents] == created.agent_ids
    assert {agent.status for agent in council.agents} == {"ready"}
    assert {result.proposal.author_id for result in answer.results} == {*created.agent_ids}
    assert answer.metadata.tags["rounds"] == "2"
    assert answer.metadata.tags["agent_type"] == "MOCK"
    assert "ray.nodes" not in answer.metadata.tags


@pytest.mark.parametrize(
    ("config", "reviewed"),
    [(None, "true"), (pb.CouncilConfig(), "false"), (pb.CouncilConfig(enable_peer_review=True), "true")],
)
async def test_a_council_reviews_unless_its_configuration_leaves_that_out(
    stub: Any, config: pb.CouncilConfig | None, reviewed: str
) -> None:
    await stub.CreateCouncil(pb.CreateCouncilRequest(role="POET", config=config))

    for call in (stub.Deliberate(pb.DeliberateRequest(task_description="x", role="POET", mode=pb.ASYNC)),):
        assert (await call).metadata.tags["peer_review"] == reviewed


async def test_options_of_an_orchestration_go_before_the_councils_own(stub: Any, stage: Stage) -> None:
    await stub.CreateCouncil(_poets(deliberation_rounds=2))
    request = pb.OrchestrateRequest(task_id="o", task_description="x", role="POET", options=pb.OrchestratorOptions())

    answer, _ = await asyncio.gather(stub.Orchestrate(request), work(stage, "o"))

    assert (answer.metadata.tags["peer_review"], answer.metadata.tags["rounds"]) == ("false", "2")


async def test_the_same_council_again_is_the_same_and_another_is_refused(stub: Any) -> None:
    assert await stub.CreateCouncil(_poets()) == await stub.CreateCouncil(_poets())
    error = await failure(stub.CreateCouncil(_poets(deliberation_rounds=3)))

    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_an_invalid_council_names_its_fields(stub: Any) -> None:
    error = await failure(stub.CreateCouncil(pb.CreateCouncilRequest(role="poet", num_agents=99)))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert {violation.field for violation in detail(error, BadRequest).field_violations} == {"role", "num_agents"}


async def test_a_deleted_council_is_not_found(stub: Any) -> None:
    deleted = await stub.DeleteCouncil(pb.DeleteCouncilRequest(role="DEV"))

    assert (deleted.success, deleted.agents_removed) == (True, 10)
    for call in (
        stub.DeleteCouncil(pb.DeleteCouncilRequest(role="DEV")),
        stub.Deliberate(pb.DeliberateRequest(task_description="x", role="DEV")),
        stub.RegisterAgent(pb.RegisterAgentRequest(agent_id="guest", role="DEV")),
        stub.UnregisterAgent(pb.UnregisterAgentRequest(agent_id="guest", role="DEV")),
    ):
        assert (await failure(call)).code() is grpc.StatusCode.NOT_FOUND


async def test_a_registered_agent_is_listed_with_what_it_can_do_until_it_is_unregistered(stub: Any) -> None:
    capabilities = pb.AgentCapabilities(
        supported_tasks=["review"], model_profile="big", max_concurrent_tasks=2, languages=["go"]
    )
    request = pb.RegisterAgentRequest(
        agent_id="guest", role="QA", capabilities=capabilities, endpoint=ENDPOINTS[0], metadata={"team": "a"}
    )
    asked = pb.ListCouncilsRequest(role_filter="QA", include_agents=True)

    registered = await stub.RegisterAgent(request)
    with_guest = (await stub.ListCouncils(asked)).councils[0]
    first = await stub.UnregisterAgent(pb.UnregisterAgentRequest(agent_id="guest", role="QA"))
    second = await stub.UnregisterAgent(pb.UnregisterAgentRequest(agent_id="guest", role="QA"))
    without = (await stub.ListCouncils(asked)).councils[0]

    assert (registered.success, registered.council_id) == (True, "council-qa")
    assert with_guest.agents[0].capabilities == capabilities
    assert with_guest.num_agents == 11
    assert (first.success, second.success) == (True, False)
    assert "guest" not in [agent.agent_id for agent in without.agents]
    assert {agent.capabilities.model_profile for agent in without.agents} == {"tiny"}


async def test_an_endpoint_that_is_not_allowed_is_an_invalid_field(stub: Any) -> None:
    request = pb.RegisterAgentRequest(agent_id="guest", role="QA", endpoint="http://169.254.169.254/latest")

    error = await failure(stub.RegisterAgent(request))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in detail(error, BadRequest).field_violations] == ["endpoint"]


async def test_agents_are_listed_where_they_are_asked_for(stub: Any, stage: Stage, vllm: SwitchedDependency) -> None:
    vllm.there = False
    await stage.readiness.look()

    plain = await stub.ListCouncils(pb.ListCouncilsRequest())
    full = await stub.ListCouncils(pb.ListCouncilsRequest(include_agents=True))

    assert len(plain.councils) == len(full.councils) == 5
    assert not any(council.agents for council in plain.councils)
    assert {agent.status for council in full.councils for agent in council.agents} == {"offline"}
