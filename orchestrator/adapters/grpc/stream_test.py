"""The contract's meaning for StreamDeliberation."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.testing.calls import detail, failure
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _request(**changes: Any) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(**{"task_description": "Add two numbers.", "role": "DEV", **changes})


async def _all(call: Any) -> list[pb.DeliberationUpdate]:
    return [update async for update in call]


async def test_a_stream_reports_every_step_and_the_results_that_deliberate_gives(stub: Any, stage: Stage) -> None:
    stream = aiter(stub.StreamDeliberation(_request(task_id="mine")))
    first = await anext(stream)
    await stage.finish("mine")
    told = [first, *await _all(stream)]

    answer = await stub.Deliberate(_request(task_id="mine"))
    assert {update.task_id for update in told} == {"mine"}
    assert (told[0].status, told[0].progress_percent) == ("generating", 0)
    assert [update.status for update in told][-4:] == ["scoring", "complete", "complete", "complete"]
    assert [update.partial_result for update in told[-3:]] == list(answer.results)
    proposed = [update for update in told if update.current_step == "propose" and update.current_agent]
    assert [update.partial_result.rank for update in proposed] == [0, 0, 0]
    assert all(update.partial_result.proposal.content.startswith("propose") for update in proposed)
    assert all(update.partial_result.checks.lint.passed for update in proposed)


async def test_a_stream_is_taken_up_again_by_its_task_id(stub: Any, stage: Stage) -> None:
    call = stub.StreamDeliberation(_request())
    task_id = (await call.read()).task_id
    await stage.answer_phase(task_id)
    assert (await call.read()).current_agent
    call.cancel()

    again = aiter(stub.StreamDeliberation(_request(task_id=task_id)))
    await anext(again)
    await stage.finish(task_id)
    rest = await _all(again)

    assert len(rest) == 13
    assert rest[-1].progress_percent == 100
    assert rest == (await _all(stub.StreamDeliberation(_request(task_id=task_id))))[1:]


async def test_hanging_up_ends_nothing(stub: Any, stage: Stage) -> None:
    call = stub.StreamDeliberation(_request(task_id="mine"))
    await call.read()
    call.cancel()
    async with asyncio.timeout(10):
        while stage.wake_ups._moves:
            await asyncio.sleep(0.001)
    await stage.finish("mine")

    answer = await stub.Deliberate(_request(task_id="mine"))
    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "POET"}, grpc.StatusCode.NOT_FOUND),
        ({"task_id": "mine", "rounds": 2}, grpc.StatusCode.ALREADY_EXISTS),
    ],
)
async def test_a_stream_is_refused_as_deliberate_is(
    stub: Any, stage: Stage, changes: dict[str, Any], code: grpc.StatusCode
) -> None:
    await stub.Deliberate(_request(task_id="mine", mode=pb.ASYNC))

    assert (await failure(stub.StreamDeliberation(_request(**changes)).read())).code() is code


async def test_an_invalid_request_names_its_fields(stub: Any) -> None:
    error = await failure(stub.StreamDeliberation(_request(task_description="", rounds=99)).read())

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert {v.field for v in detail(error, BadRequest).field_violations} == {"task_description", "rounds"}


async def test_the_end_without_results_is_told_by_the_status(stub: Any, stage: Stage) -> None:
    for task_id in ("failed", "cancelled", "late"):
        await stub.Deliberate(_request(task_id=task_id, mode=pb.ASYNC))
    await stage.answer_phase("failed", error="the model refused")
    cancelled = await stage.load("cancelled")
    cancelled.cancel("not needed", stage.clock.now_ms())
    await stage.store.save(cancelled)
    stage.clock.advance(60_000)
    await stage.progress.expire_overdue()

    for task_id, code, reason in (
        ("failed", grpc.StatusCode.ABORTED, "the model refused"),
        ("cancelled", grpc.StatusCode.CANCELLED, "not needed"),
        ("late", grpc.StatusCode.DEADLINE_EXCEEDED, "60 s"),
    ):
        error = await failure(_all(stub.StreamDeliberation(_request(task_id=task_id))))
        assert error.code() is code
        assert reason in (error.details() or "")


async def test_a_defect_in_a_stream_is_internal_and_tells_nothing_of_the_inside(stub: Any, stage: Stage) -> None:
    stream = aiter(stub.StreamDeliberation(_request(task_id="mine")))
    await anext(stream)

    async def broken(task_id: str) -> None:
        raise RuntimeError("secret")

    stage.store.load = broken  # type: ignore[method-assign]
    stage.wake_ups.wake("mine", over=False)
    error = await failure(_all(stream))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (error.details() or "")
