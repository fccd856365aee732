"""Starting a deliberation and waiting for it."""

import asyncio

import pytest

from orchestrator.application.correlation import about
from orchestrator.application.deliberate import AwaitResult
from orchestrator.application.patience import PatientReader
from orchestrator.application.results import require_completed
from orchestrator.domain.context import ContextEvent, ContextKind, ContextSelection
from orchestrator.domain.deliberation import Status
from orchestrator.domain.errors import (
    DeliberationFailed,
    DeliberationTimedOut,
    DependencyLost,
    InvalidRequest,
    Overloaded,
    TaskIdTaken,
    UnknownDeliberation,
    UnknownRole,
)
from orchestrator.domain.request import Constraints
from orchestrator.testing.builders import START_MS, make_request
from orchestrator.testing.stage import Stage, SwitchedDependency


async def test_a_started_deliberation_is_stored_announced_and_handed_out() -> None:
    stage = Stage()

    deliberation = await stage.start(make_request(), "")

    assert (await stage.load(deliberation.task_id)).status is Status.PENDING
    assert [request.agent_id for request in stage.queue.published] == ["agent-dev-1", "agent-dev-2", "agent-dev-3"]
    assert stage.event_names(deliberation.task_id) == ["started"]


async def test_a_task_id_is_made_where_none_is_given() -> None:
    stage = Stage()

    first, second = await stage.start(make_request(), ""), await stage.start(make_request(), "")

    assert first.task_id != second.task_id
    assert all((first.task_id, second.task_id))
    assert (await stage.start(make_request(), "mine")).task_id == "mine"


async def test_the_same_request_again_starts_nothing() -> None:
    stage = Stage()
    first = await stage.start(make_request(), "mine")

    second = await stage.start(make_request(), "mine")

    assert second.execution_id == first.execution_id
    assert len(stage.queue.published) == 3


async def test_a_repeat_is_answered_even_while_a_dependency_is_lost() -> None:
    vllm = SwitchedDependency("vllm")
    stage = Stage([vllm])
    await stage.readiness.look()
    first = await stage.start(make_request(), "mine")
    vllm.there = False
    await stage.readiness.look()

    assert (await stage.start(make_request(), "mine")).execution_id == first.execution_id


async def test_a_task_id_cannot_be_used_for_another_request() -> None:
    stage = Stage()
    await stage.start(make_request(), "mine")

    with pytest.raises(TaskIdTaken):
        await stage.start(make_request(rounds=2), "mine")


async def test_of_two_equal_requests_at_once_one_starts() -> None:
    stage = Stage()

    results = await asyncio.gather(*(stage.start(make_request(), "mine") for _ in range(5)))

    assert len({deliberation.execution_id for deliberation in results}) == 1
    assert len(stage.queue.published) == 3


async def test_a_bad_request_is_refused_before_its_role_is_looked_at() -> None:
    with pytest.raises(InvalidRequest):
        await Stage().start(make_request(task_description="", role="NOBODY"), "")


async def test_a_role_without_council_is_refused() -> None:
    with pytest.raises(UnknownRole):
        await Stage().start(make_request(role="NOBODY"), "")


async def test_a_lost_dependency_is_named() -> None:
    stage = Stage([SwitchedDependency("redis"), SwitchedDependency("vllm", there=False)])
    await stage.readiness.look()

    with pytest.raises(DependencyLost) as raised:
        await stage.start(make_request(), "")
    assert raised.value.dependency == "vllm"


async def test_no_more_than_the_limit_are_open() -> None:
    stage = Stage(max_open=2)
    first = await stage.start(make_request(), "")
    await stage.start(make_request(), "")

    with pytest.raises(Overloaded):
        await stage.start(make_request(), "")
    await stage.finish(first.task_id)
    stage.clock.advance(1000)
    await stage.start(make_request(), "")


@pytest.mark.parametrize(("asked", "seconds"), [(0, 60), (5, 5)])
async def test_the_deadline_is_what_was_asked_for_or_the_default(asked: int, seconds: int) -> None:
    request = make_request(constraints=Constraints(timeout_seconds=asked))

    assert (await Stage().start(request, "")).deadline_ms == START_MS + seconds * 1000


async def test_the_callers_trace_is_stored_and_goes_with_every_step() -> None:
    stage = Stage()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with about(traceparent=traceparent):
        started = await stage.start(make_request(), "")

    await stage.finish(started.task_id)

    assert (await stage.load(started.task_id)).traceparent == traceparent
    assert {request.traceparent for request in stage.queue.published} == {traceparent}
    assert len(stage.queue.published) == 9


async def test_a_case_gives_its_context_to_the_agents() -> None:
    stage = Stage()
    await stage.contexts.append(ContextEvent("e1", "case", ContextKind.DECISION, "Use SQL.", 1))
    await stage.contexts.append(ContextEvent("e2", "case", ContextKind.TIMELINE, "It broke.", 2))
    selection = ContextSelection(timeline=False)

    deliberation = await stage.start(make_request(case_id="case", context=selection), "")

    assert (deliberation.context.decisions, deliberation.context.timeline) == (1, 0)
    assert all("Use SQL." in request.messages[1].content for request in stage.queue.published)
    assert not any("It broke." in request.messages[1].content for request in stage.queue.published)


async def test_a_caller_that_hangs_up_while_it_starts_leaves_it_started() -> None:
    stage = Stage()
    call = asyncio.create_task(stage.start(make_request(), "mine"))
    while not await stage.store.load("mine"):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    while len(stage.queue.published) < 3:
        await asyncio.sleep(0)

    assert (await stage.load("mine")).pending


async def test_waiting_ends_with_the_deliberation() -> None:
    stage = Stage()
    started = await stage.start(make_request(), "")
    waiting = asyncio.create_task(stage.await_result(started.task_id))
    await asyncio.sleep(0)
    assert not waiting.done()

    await stage.finish(started.task_id)

    assert (await waiting).status is Status.COMPLETED


async def test_waiting_for_what_is_over_ends_at_once() -> None:
    stage = Stage()
    started = await stage.start(make_request(), "")
    await stage.finish(started.task_id)

    assert (await stage.await_result(started.task_id)).status is Status.COMPLETED


async def test_a_waiter_looks_again_though_nobody_announces_the_end() -> None:
    stage = Stage()
    stage.await_result._look_again_s = 0.001
    started = await stage.start(make_request(), "")
    waiting = asyncio.create_task(stage.await_result(started.task_id))
    await asyncio.sleep(0)
    deliberation = await stage.load(started.task_id)
    deliberation.cancel("", START_MS)
    await stage.store.save(deliberation)

    assert (await waiting).status is Status.CANCELLED


async def test_a_store_that_is_lost_meanwhile_is_waited_for() -> None:
    stage = Stage()
    started = await stage.start(make_request(), "")
    await stage.finish(started.task_id)
    stage.lose_store(times=1)

    assert (await stage.await_result(started.task_id)).status is Status.COMPLETED


async def test_a_store_that_stays_lost_is_named() -> None:
    stage = Stage()
    stage.lose_store()

    with pytest.raises(DependencyLost):
        await AwaitResult(PatientReader(stage.store, patience_s=0), stage.wake_ups)("any")


async def test_waiting_for_nothing_is_an_error() -> None:
    with pytest.raises(UnknownDeliberation):
        await Stage().await_result("nothing")


async def test_a_result_is_looked_up_by_its_id() -> None:
    stage = Stage()
    started = await stage.start(make_request(), "")

    assert (await stage.get_result(started.task_id)).task_id == started.task_id
    with pytest.raises(UnknownDeliberation):
        await stage.get_result("nothing")
    with pytest.raises(InvalidRequest):
        await stage.get_result("")


async def test_who_needs_a_winner_is_told_why_there_is_none() -> None:
    stage = Stage()
    failed, lost, late, good = [(await stage.start(make_request(), "")).task_id for _ in range(4)]
    await stage.answer_phase(failed, error="the model refused")
    await stage.answer_phase(lost, error="no answer")
    await stage.finish(good)
    stage.clock.advance(60_000)
    await stage.progress.expire_overdue()
    lost_one = await stage.load(lost)
    lost_one.lost_dependency = "vllm"

    require_completed(await stage.load(good))
    with pytest.raises(DeliberationFailed):
        require_completed(await stage.load(failed))
    with pytest.raises(DependencyLost):
        require_completed(lost_one)
    with pytest.raises(DeliberationTimedOut):
        require_completed(await stage.load(late))
