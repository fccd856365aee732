"""Moving deliberations on, and putting right what was left behind."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

import pytest

from orchestrator.application.ports import VersionConflict
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepKind, StepResponse
from orchestrator.testing.builders import make_deliberation, make_request
from orchestrator.testing.stage import Stage


async def _started(stage: Stage) -> str:
    return (await stage.start(make_request(), "")).task_id


async def _take_up(stage: Stage) -> None:
    """Goes on with everything, as an instance does that has been away."""
    stage.ownership.doubt_all()
    await stage.progress.settle()


async def test_answered_steps_lead_to_the_end() -> None:
    stage = Stage()
    task_id = await _started(stage)

    await stage.finish(task_id)

    deliberation = await stage.load(task_id)
    assert deliberation.status is Status.COMPLETED
    assert stage.event_names(task_id) == ["started", "completed"]
    assert await stage.store.open_deadlines() == {}
    kinds = Counter(request.kind for request in stage.queue.published)
    assert kinds == {StepKind.PROPOSE: 3, StepKind.REVIEW: 3, StepKind.REVISE: 3}


async def test_the_completed_event_tells_the_outcome() -> None:
    stage = Stage()
    task_id = await _started(stage)
    await stage.finish(task_id)

    payload = stage.events.published[task_id, "completed"].payload

    deliberation = await stage.load(task_id)
    assert payload["winner_id"] == deliberation.winner_id
    assert payload["status"] == "completed"
    assert payload["results"] == [
        {"author_id": result.author_id, "score": result.score, "rank": result.rank} for result in deliberation.results
    ]


async def test_a_repeated_announcement_publishes_again_what_is_outstanding_and_applies_nothing() -> None:
    stage = Stage()
    task_id = await _started(stage)
    step = next(iter((await stage.load(task_id)).pending.values()))
    await stage.answer(task_id, step)
    before = await stage.load(task_id)
    stage.queue.published.clear()

    await stage.progress.step_answered(task_id, step.step_id)

    assert await stage.load(task_id) == before
    assert {request.step_id for request in stage.queue.published} == set(before.pending)


async def test_a_write_by_somebody_else_is_not_lost() -> None:
    stage = Stage()
    task_id = await _started(stage)
    save, conflicts = stage.store.save, iter([True])

    async def save_after_another(deliberation: Deliberation) -> None:
        if next(conflicts, False):
            await save(await stage.load(task_id))
            raise VersionConflict(task_id)
        await save(deliberation)

    stage.store.save = save_after_another  # type: ignore[method-assign]
    await stage.finish(task_id)

    assert (await stage.load(task_id)).status is Status.COMPLETED


async def test_steps_that_end_together_are_all_applied() -> None:
    stage = Stage()
    task_id = await _started(stage)
    steps = [*(await stage.load(task_id)).pending.values()]

    await asyncio.gather(*(stage.answer(task_id, step) for step in steps))

    assert (await stage.load(task_id)).phase is StepKind.REVIEW


async def test_steps_that_are_announced_while_it_is_being_written_are_applied_by_one_more_write() -> None:
    stage = Stage()
    task_id = await _started(stage)
    first, *others = (await stage.load(task_id)).pending.values()
    save, writes, writing, go_on = stage.store.save, list[int](), asyncio.Event(), asyncio.Event()

    async def slow_save(deliberation: Deliberation) -> None:
        writes.append(len(deliberation.pending))
        writing.set()
        await go_on.wait()
        await save(deliberation)

    stage.store.save = slow_save  # type: ignore[method-assign]
    answering = [asyncio.create_task(stage.answer(task_id, first))]
    await writing.wait()
    for step in others:
        await stage.answer(task_id, step, announce=False)
    steps = asyncio.gather(*(stage.progress.step_answered(task_id, step.step_id) for step in others))
    go_on.set()
    await asyncio.gather(*answering, steps)

    # Two wait after the first; then the next phase's three.
    assert writes == [2, 3]


async def test_who_goes_on_with_what_it_wrote_last_notices_that_another_instance_has_ended_it() -> None:
    stage = Stage()
    other = Stage(beside=stage)
    task_id = await _started(stage)
    first, second, _ = (await stage.load(task_id)).pending.values()
    await stage.answer(task_id, first)
    await other.cancel(task_id, "enough")
    stage.queue.published.clear()

    await stage.answer(task_id, second)
    await stage.progress.step_answered(task_id, first.step_id)

    deliberation = await stage.load(task_id)
    assert (deliberation.status, deliberation.steps_answered) == (Status.CANCELLED, 1)
    assert stage.queue.published == []


async def test_a_repeat_that_is_applied_with_others_has_all_published_that_is_outstanding() -> None:
    stage = Stage()
    task_id = await _started(stage)
    repeated, new, outstanding = (await stage.load(task_id)).pending.values()
    await stage.answer(task_id, repeated)
    await stage.answer(task_id, new, announce=False)
    stage.queue.published.clear()

    await asyncio.gather(*(stage.progress.step_answered(task_id, step.step_id) for step in (repeated, new)))

    assert [request.step_id for request in stage.queue.published] == [outstanding.step_id]


async def test_a_response_that_cannot_be_read_does_not_keep_those_from_being_applied_that_come_with_it() -> None:
    stage = Stage()
    task_id = await _started(stage)
    steps = [*(await stage.load(task_id)).pending.values()]
    get_all, broken = stage.responses.get_all, steps[1].step_id

    async def get_what_can_be_read(step_ids: Collection[str]) -> Sequence[StepResponse]:
        if broken in step_ids:
            raise ValueError("not a response")
        return await get_all(step_ids)

    stage.responses.get_all = get_what_can_be_read  # type: ignore[method-assign]
    outcomes = await asyncio.gather(*(stage.answer(task_id, step) for step in steps), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert [*(await stage.load(task_id)).pending] == [broken]


async def test_a_store_that_lost_the_last_write_is_brought_up_to_the_responses_that_there_are() -> None:
    stage = Stage()
    task_id = await _started(stage)
    *_, last = (await stage.load(task_id)).pending.values()
    for step in [*(await stage.load(task_id)).pending.values()][:-1]:
        await stage.answer(task_id, step)
    before = stage.store._documents[task_id]
    await stage.answer(task_id, last)
    review, *_ = (await stage.load(task_id)).pending.values()
    await stage.answer_phase(task_id, announce=False)
    stage.store._documents[task_id] = before

    await stage.progress.step_answered(task_id, review.step_id)
    await stage.progress.settle()

    assert (await stage.load(task_id)).phase is StepKind.REVISE


async def test_announcements_that_lead_nowhere_are_harmless() -> None:
    stage = Stage()

    await stage.progress.step_answered("nothing", "nothing/0/propose/agent")
    await stage.responses.put_if_absent(StepResponse("gone/0/propose/agent", "gone", text="x"))
    await stage.progress.step_answered("gone", "gone/0/propose/agent")

    assert stage.queue.published == []


async def test_an_announcement_without_what_it_announces_changes_nothing() -> None:
    stage = Stage()
    task_id = await _started(stage)
    before = await stage.load(task_id)
    (step, *_) = before.pending

    await stage.progress.step_answered(task_id, step)

    assert await stage.load(task_id) == before


async def test_a_deliberation_that_expired_from_the_store_takes_no_answer() -> None:
    stage = Stage()
    task_id = await _started(stage)
    (step, *_) = (await stage.load(task_id)).pending.values()
    await stage.answer(task_id, step, announce=False)
    stage.store._documents.clear()
    stage.queue.published.clear()

    await stage.progress.step_answered(task_id, step.step_id)

    assert stage.queue.published == []
    assert await stage.store.load(task_id) is None


async def test_what_cannot_be_put_right_now_is_put_right_later() -> None:
    stage = Stage()
    task_id = await _started(stage)
    await stage.answer_phase(task_id, announce=False)
    stage.ownership.doubt(task_id)

    stage.queue.lost = True
    with pytest.raises(DependencyLost):
        await stage.progress.settle()
    stage.queue.lost = False
    stage.queue.published.clear()
    await stage.progress.settle()

    deliberation = await stage.load(task_id)
    assert deliberation.phase is StepKind.REVIEW
    assert set(deliberation.pending) == {request.step_id for request in stage.queue.published}


async def test_no_survivor_is_announced_as_failed() -> None:
    stage = Stage()
    task_id = await _started(stage)

    await stage.answer_phase(task_id, error="the model refused")

    assert stage.event_names(task_id) == ["started", "failed"]
    assert (await stage.load(task_id)).status is Status.FAILED


async def test_overdue_deliberations_end_and_others_go_on() -> None:
    stage = Stage()
    task_id = await _started(stage)
    stage.clock.advance(59_999)
    await stage.progress.expire_overdue()
    assert not (await stage.load(task_id)).final

    stage.clock.advance(1)
    await stage.progress.expire_overdue()

    assert (await stage.load(task_id)).status is Status.TIMEOUT
    assert stage.events.published[task_id, "failed"].payload["status"] == "timeout"
    assert await stage.store.open_deadlines() == {}


async def test_all_that_is_overdue_ends_while_nobody_can_be_told_and_who_waits_for_it_is_woken() -> None:
    stage = Stage()
    overdue = [await _started(stage) for _ in range(2)]
    waiting = [asyncio.create_task(stage.await_result(task_id)) for task_id in overdue]
    await asyncio.sleep(0)
    stage.clock.advance(60_000)

    with stage.lost_events(), pytest.raises(DependencyLost):
        await stage.progress.expire_overdue()

    async with asyncio.timeout(1):
        assert [(await ended).status for ended in waiting] == [Status.TIMEOUT] * 2
    await stage.progress.expire_overdue()
    assert [stage.event_names(task_id) for task_id in overdue] == [["started", "failed"]] * 2
    assert await stage.store.open_deadlines() == {}


async def test_recovery_applies_what_was_stored_but_never_announced() -> None:
    stage = Stage()
    task_id = await _started(stage)
    await stage.answer_phase(task_id, announce=False)

    await _take_up(stage)

    deliberation = await stage.load(task_id)
    assert deliberation.phase is StepKind.REVIEW
    assert set(deliberation.pending) <= {request.step_id for request in stage.queue.published}


async def test_recovery_publishes_steps_that_were_written_but_not_handed_out() -> None:
    stage = Stage()
    await stage.ownership.create(make_deliberation(), limit=10)

    await _take_up(stage)

    assert len(stage.queue.published) == 3


async def test_recovery_announces_an_end_that_was_written_but_not_announced() -> None:
    stage = Stage()
    task_id = await _started(stage)
    deliberation = await stage.load(task_id)
    deliberation.cancel("stop", stage.clock.now_ms())
    await stage.store.save(deliberation)

    await _take_up(stage)

    assert stage.event_names(task_id) == ["started", "failed"]
    assert await stage.store.open_deadlines() == {}


async def test_recovery_forgets_what_has_expired_from_the_store() -> None:
    stage = Stage()
    task_id = await _started(stage)
    stage.store._documents.clear()

    await _take_up(stage)

    assert task_id not in await stage.store.open_deadlines()


async def test_only_what_has_been_quiet_is_reconciled() -> None:
    stage = Stage()
    quiet = await _started(stage)
    stage.clock.advance(30_000)
    busy = await _started(stage)
    stage.queue.published.clear()

    await stage.progress.reconcile_stalled(quiet_ms=20_000)

    assert {request.task_id for request in stage.queue.published} == {quiet}
    assert busy in await stage.store.open_deadlines()


async def _with_a_broken_one(stage: Stage, *others: str) -> str:
    """Starts deliberations, the first of which cannot be read any more."""
    broken = await _started(stage)
    stage.store._documents[broken] = b"{}"
    for task_id in others:
        await stage.start(make_request(), task_id)
    return broken


async def test_one_that_is_broken_keeps_no_other_from_ending_and_is_not_open_for_ever() -> None:
    stage = Stage()
    await _with_a_broken_one(stage, "sound")
    stage.clock.advance(60_000)

    await stage.progress.expire_overdue()

    assert (await stage.load("sound")).status is Status.TIMEOUT
    assert await stage.store.open_deadlines() == {}
    assert not stage.ownership.owned()


async def test_one_that_is_broken_keeps_no_other_from_being_taken_up_and_is_left_alone_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    sound = [f"sound-{number}" for number in range(5)]
    broken = await _with_a_broken_one(stage, *sound)
    stage.queue.published.clear()

    for _ in range(3):
        await _take_up(stage)
        await stage.progress.reconcile_stalled(0)

    assert {request.task_id for request in stage.queue.published} == set(sound)
    assert len(caplog.records) == 1
    assert broken in await stage.store.open_deadlines()

    stage.clock.advance(15_000)
    await stage.progress.reconcile_stalled(0)
    assert len(caplog.records) == 2


async def test_one_that_is_mended_goes_on() -> None:
    stage = Stage()
    task_id = await _started(stage)
    whole = stage.store._documents[task_id]
    stage.store._documents[task_id] = b"{}"
    await _take_up(stage)
    stage.store._documents[task_id] = whole
    await stage.answer_phase(task_id, announce=False)

    stage.clock.advance(15_000)
    await stage.progress.reconcile_stalled(0)

    assert (await stage.load(task_id)).phase is StepKind.REVIEW
