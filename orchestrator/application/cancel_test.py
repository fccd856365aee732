"""Ending a deliberation before it is over."""

import asyncio

import pytest

from orchestrator.application.cancel import MAX_REASON
from orchestrator.application.ports import VersionConflict
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.errors import InvalidRequest, UnknownDeliberation
from orchestrator.testing.builders import MINUTE_MS, make_request
from orchestrator.testing.stage import Stage
from orchestrator.testing.waiting import until


async def _started(stage: Stage) -> str:
    return (await stage.start(make_request(), "")).task_id


async def test_it_ends_at_once_and_its_agents_hear_of_it() -> None:
    stage = Stage()
    task_id = await _started(stage)

    cancelled, deliberation = await stage.cancel(task_id, "not needed")

    assert cancelled
    assert (deliberation.status, deliberation.error) == (Status.CANCELLED, "not needed")
    assert await stage.load(task_id) == deliberation
    assert stage.canceller.cancelled == [task_id]
    assert await stage.endings.is_over(task_id)
    assert stage.event_names(task_id) == ["started", "failed"]
    assert await stage.store.open_deadlines() == {}


async def test_a_second_time_changes_nothing() -> None:
    stage = Stage()
    task_id = await _started(stage)
    _, first = await stage.cancel(task_id, "not needed")
    stage.clock.advance(5)

    assert await stage.cancel(task_id, "another reason") == (False, first)
    assert stage.canceller.cancelled == [task_id]


async def test_a_completed_deliberation_keeps_its_results() -> None:
    stage = Stage()
    task_id = await _started(stage)
    await stage.finish(task_id)

    cancelled, deliberation = await stage.cancel(task_id, "too late")

    assert not cancelled
    assert deliberation.status is Status.COMPLETED
    assert stage.canceller.cancelled == []
    assert not await stage.endings.is_over(task_id)


async def test_a_write_whose_answer_was_lost_is_known_again() -> None:
    stage = Stage()
    task_id = await _started(stage)
    save = stage.store.save

    async def save_and_write_again(deliberation: Deliberation) -> None:
        stage.store.save = save  # type: ignore[method-assign]
        await save(deliberation)
        raise VersionConflict(task_id)

    stage.store.save = save_and_write_again  # type: ignore[method-assign]
    cancelled, _ = await stage.cancel(task_id, "not needed")

    assert cancelled
    assert stage.canceller.cancelled == [task_id]
    assert stage.event_names(task_id) == ["started", "failed"]


async def test_a_step_that_is_answered_meanwhile_does_not_save_it() -> None:
    stage = Stage()
    task_id = await _started(stage)
    save, conflicts = stage.store.save, iter([True])

    async def save_after_a_step(deliberation: Deliberation) -> None:
        if next(conflicts, False):
            await stage.answer(task_id, next(iter(deliberation_before.pending.values())))
            raise VersionConflict(task_id)
        await save(deliberation)

    deliberation_before = await stage.load(task_id)
    stage.store.save = save_after_a_step  # type: ignore[method-assign]
    cancelled, deliberation = await stage.cancel(task_id, "")

    assert cancelled
    assert deliberation.steps_answered == 1
    assert (await stage.load(task_id)).status is Status.CANCELLED


async def test_steps_that_are_answered_afterwards_are_of_no_use() -> None:
    stage = Stage()
    task_id = await _started(stage)
    steps = [*(await stage.load(task_id)).pending.values()]
    _, cancelled = await stage.cancel(task_id, "")

    for step in steps:
        await stage.answer(task_id, step)

    assert await stage.load(task_id) == cancelled


async def test_any_instance_can_do_it() -> None:
    first = Stage()
    second = Stage(beside=first)
    task_id = await _started(first)

    assert (await second.cancel(task_id, ""))[0]
    await first.ownership.renew()

    assert not first.ownership.owns(task_id)


async def test_it_is_cancelled_though_nobody_can_be_told_and_they_are_told_later() -> None:
    stage = Stage()
    task_id = await _started(stage)
    with stage.lost_events():
        assert (await stage.cancel(task_id, ""))[0]
    assert stage.event_names(task_id) == ["started"]

    await stage.progress.settle()

    assert stage.event_names(task_id) == ["started", "failed"]
    assert await stage.store.open_deadlines() == {}


async def test_a_caller_that_hangs_up_meanwhile_leaves_it_cancelled_with_all_that_follows() -> None:
    stage = Stage()
    task_id = await _started(stage)
    mark, go_on = stage.endings.mark, asyncio.Event()

    async def slow_mark(task_id: str, until_ms: int) -> None:
        await go_on.wait()
        await mark(task_id, until_ms)

    async def closed() -> bool:
        return not await stage.store.open_deadlines()

    stage.endings.mark = slow_mark  # type: ignore[method-assign]
    call = asyncio.create_task(stage.cancel(task_id, "not needed"))
    while (await stage.load(task_id)).status is not Status.CANCELLED:
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    go_on.set()
    await until(closed, seconds=1)

    assert call.cancelled()
    assert await stage.endings.is_over(task_id)
    assert stage.canceller.cancelled == [task_id]
    assert stage.event_names(task_id) == ["started", "failed"]


async def test_what_times_out_is_called_off_too_and_remembered_for_a_while() -> None:
    stage = Stage()
    task_id = await _started(stage)
    stage.clock.advance(MINUTE_MS)
    await stage.progress.expire_overdue()

    assert stage.canceller.cancelled == [task_id]
    assert await stage.endings.is_over(task_id)
    stage.clock.advance(MINUTE_MS)
    assert not await stage.endings.is_over(task_id)


@pytest.mark.parametrize(("task_id", "reason"), [("", ""), ("x", "y" * (MAX_REASON + 1))])
async def test_a_request_at_fault_is_refused(task_id: str, reason: str) -> None:
    with pytest.raises(InvalidRequest):
        await Stage().cancel(task_id, reason)


async def test_an_unknown_deliberation_cannot_be_cancelled() -> None:
    with pytest.raises(UnknownDeliberation):
        await Stage().cancel("nothing", "")
