"""The contract's meaning for CancelDeliberation."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.testing.calls import detail, failure, work
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _request(mode: "pb.ExecutionMode.ValueType" = pb.ASYNC) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(task_id="t", task_description="Sort a list.", role="DEV", mode=mode)


async def test_a_deliberation_is_cancelled_once_with_the_reason_that_is_given(stub: Any) -> None:
    await stub.Deliberate(_request())

    first = await stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id="t", reason="not needed"))
    again = await stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id="t", reason="another"))

    assert (first.cancelled, first.status) == (True, pb.DELIBERATION_STATUS_CANCELLED)
    assert (again.cancelled, again.status) == (False, pb.DELIBERATION_STATUS_CANCELLED)
    result = await stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="t"))
    assert result.error_message == "not needed"


async def test_who_waits_for_it_is_answered_that_it_is_cancelled(stub: Any, stage: Stage) -> None:
    waiting = asyncio.ensure_future(stub.Deliberate(_request(pb.WAIT)))
    while not await stage.store.load("t"):
        await asyncio.sleep(0.001)

    await stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id="t"))

    assert (await waiting).status == pb.DELIBERATION_STATUS_CANCELLED


async def test_what_is_over_stays_as_it_is(stub: Any, stage: Stage) -> None:
    await stub.Deliberate(_request())
    await work(stage, "t")

    answer = await stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id="t"))

    assert (answer.cancelled, answer.status) == (False, pb.DELIBERATION_STATUS_COMPLETED)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.CancelDeliberationRequest(), "task_id"),
        (pb.CancelDeliberationRequest(task_id="t", reason="x" * 1001), "reason"),
    ],
)
async def test_a_request_at_fault_names_its_field(
    stub: Any, request_: pb.CancelDeliberationRequest, field: str
) -> None:
    error = await failure(stub.CancelDeliberation(request_))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in detail(error, BadRequest).field_violations] == [field]


async def test_an_unknown_deliberation_is_not_found(stub: Any) -> None:
    error = await failure(stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id="nothing")))

    assert error.code() is grpc.StatusCode.NOT_FOUND
