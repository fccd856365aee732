"""The contract's meaning for Deliberate and GetDeliberationResult."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo

from orchestrator.adapters.grpc.service import OrchestratorService
from orchestrator.testing.calls import detail, failure, work
from orchestrator.testing.stage import Stage, SwitchedDependency
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


def _request(**changes: Any) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(**{"task_description": "Add two numbers.", "role": "DEV", **changes})


async def test_waiting_answers_with_the_ranked_results(stub: Any, stage: Stage) -> None:
    call = stub.Deliberate(_request(task_id="mine", rounds=2))

    answer, _ = await asyncio.gather(call, work(stage, "mine"))

    assert answer.task_id == "mine"
    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
    assert [result.rank for result in answer.results] == [1, 2, 3]
    assert answer.winner_id == answer.results[0].proposal.author_id
    assert all(len(result.proposal.revisions) == 2 for result in answer.results)
    assert all(result.proposal.author_role == "DEV" for result in answer.results)
    assert answer.metadata.tags["steps"] == "15"
    assert answer.metadata.tags["ray.nodes"] == "node-1"
    assert answer.metadata.tags["confidence"] == "0.000"


async def test_not_waiting_answers_at_once_and_the_result_is_found_later(stub: Any, stage: Stage) -> None:
    started = await stub.Deliberate(_request(mode=pb.ASYNC))
    assert started.status == pb.DELIBERATION_STATUS_PENDING
    wanted = pb.GetDeliberationResultRequest(task_id=started.task_id)

    await stage.answer_phase(started.task_id)
    under_way = await stub.GetDeliberationResult(wanted)
    await stage.finish(started.task_id)
    over = await stub.GetDeliberationResult(wanted)

    assert under_way.status == pb.DELIBERATION_STATUS_IN_PROGRESS
    assert not under_way.results
    assert over.status == pb.DELIBERATION_STATUS_COMPLETED
    assert over.winner_id == over.results[0].proposal.author_id
    assert over.metadata.execution_id == started.metadata.execution_id


async def test_a_repeated_task_id_is_the_same_deliberation(stub: Any) -> None:
    first = await stub.Deliberate(_request(task_id="mine", mode=pb.ASYNC))
    second = await stub.Deliberate(_request(task_id="mine", mode=pb.ASYNC))
    error = await failure(stub.Deliberate(_request(task_id="mine", rounds=2, mode=pb.ASYNC)))

    assert second.metadata.execution_id == first.metadata.execution_id
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"task_description": ""}, {"task_description"}),
        ({"rounds": -1, "num_agents": 99}, {"rounds", "num_agents"}),
        ({"task_id": "no spaces"}, {"task_id"}),
        ({"constraints": pb.TaskConstraints(timeout_seconds=-1)}, {"constraints.timeout_seconds"}),
    ],
)
async def test_an_invalid_request_names_its_fields(stub: Any, changes: dict[str, Any], fields: set[str]) -> None:
    error = await failure(stub.Deliberate(_request(**changes)))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert {violation.field for violation in detail(error, BadRequest).field_violations} == fields


async def test_an_unknown_role_is_not_found_and_the_known_are_named(stub: Any) -> None:
    error = await failure(stub.Deliberate(_request(role="POET")))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert all(role in (error.details() or "") for role in ("DEV", "QA", "ARCHITECT", "DEVOPS", "DATA"))


async def test_an_unknown_result_is_not_found(stub: Any) -> None:
    error = await failure(stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="nothing")))

    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_overload_says_when_to_come_again(stub: Any) -> None:
    for _ in range(5):
        await stub.Deliberate(_request(mode=pb.ASYNC))

    error = await failure(stub.Deliberate(_request()))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert detail(error, RetryInfo).retry_delay.ToMilliseconds() > 0


async def test_a_lost_dependency_is_unavailable_and_named(stub: Any, stage: Stage, vllm: SwitchedDependency) -> None:
    vllm.there = False
    await stage.readiness.look()

    error = await failure(stub.Deliberate(_request()))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "vllm" in (error.details() or "")


async def test_without_survivor_it_failed_with_the_reason(stub: Any, stage: Stage) -> None:
    started = await stub.Deliberate(_request(task_id="mine", mode=pb.ASYNC))
    await stage.answer_phase("mine", error="the model refused")

    waited = await stub.Deliberate(_request(task_id="mine"))
    asked = await stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id=started.task_id))

    assert waited.status == asked.status == pb.DELIBERATION_STATUS_FAILED
    assert "the model refused" in waited.warnings[0]
    assert "the model refused" in asked.error_message


async def test_time_that_is_up_is_deadline_exceeded_for_who_waits(stub: Any, stage: Stage) -> None:
    request = _request(task_id="mine", constraints=pb.TaskConstraints(timeout_seconds=1))

    async def expire() -> None:
        while not await stage.store.load("mine"):
            await asyncio.sleep(0.001)
        stage.clock.advance(1000)
        await stage.progress.expire_overdue()

    error, _ = await asyncio.gather(failure(stub.Deliberate(request)), expire())
    asked = await stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="mine"))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert asked.status == pb.DELIBERATION_STATUS_TIMEOUT


async def test_the_work_goes_on_after_the_client_has_hung_up(stub: Any, stage: Stage) -> None:
    error = await failure(stub.Deliberate(_request(task_id="mine"), timeout=0.1))
    await stage.finish("mine")
    found = await stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="mine"))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert found.status == pb.DELIBERATION_STATUS_COMPLETED


async def test_some_agents_failing_is_a_warning(stub: Any, stage: Stage) -> None:
    await stub.Deliberate(_request(task_id="mine", mode=pb.ASYNC))
    first = next(iter((await stage.load("mine")).pending.values()))
    await stage.answer("mine", first, error="the model refused")
    await stage.finish("mine")

    answer = await stub.Deliberate(_request(task_id="mine"))

    assert len(answer.results) == 2
    assert answer.warnings == ["agent-dev-1 could not propose: the model refused"]


async def test_a_defect_is_internal_and_tells_the_caller_nothing_of_the_inside(stub: Any, stage: Stage) -> None:
    async def broken(task_id: str) -> None:
        raise RuntimeError("secret")

    stage.store.load = broken  # type: ignore[method-assign]
    error = await failure(stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="x")))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (error.details() or "")


def test_every_method_of_the_contract_is_there(service: OrchestratorService) -> None:
    methods = pb.DESCRIPTOR.services_by_name["OrchestratorService"].methods_by_name

    assert len(methods) == 15
    for name in methods:
        assert getattr(type(service), name) is not getattr(pb_grpc.OrchestratorServiceServicer, name)
