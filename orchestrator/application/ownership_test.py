"""Two instances share deliberations: who owns them, who takes them over, and that nothing happens twice."""

import asyncio
from collections import Counter

import pytest

from orchestrator.application.ports import Lease
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_deliberation, make_request
from orchestrator.testing.stage import Stage

_LEASE_S = 3.0


def _two() -> tuple[Stage, Stage]:
    first = Stage(lease_s=_LEASE_S)
    return first, Stage(lease_s=_LEASE_S, beside=first)


async def _started(stage: Stage) -> str:
    return (await stage.start(make_request(), "")).task_id


def _expire_leases(stage: Stage) -> None:
    stage.clock.advance(round(_LEASE_S * 1000))


async def test_who_starts_a_deliberation_owns_it_and_the_other_leaves_it_alone() -> None:
    first, second = _two()
    task_id = await _started(first)

    await second.ownership.renew()

    assert first.ownership.owns(task_id)
    assert not second.ownership.owns(task_id)
    (step, *_) = (await first.load(task_id)).pending.values()
    await second.answer(task_id, step)
    assert (await first.load(task_id)).status is Status.PENDING


async def test_renewing_keeps_it() -> None:
    first, second = _two()
    task_id = await _started(first)

    for _ in range(5):
        first.clock.advance(round(_LEASE_S * 500))
        await first.ownership.renew()
        await second.ownership.renew()

    assert first.ownership.owns(task_id)
    assert not second.ownership.owns(task_id)


async def test_a_deliberation_whose_owner_is_gone_is_taken_over_where_it_stands() -> None:
    first, second = _two()
    task_id = await _started(first)
    await first.answer_phase(task_id, announce=False)

    _expire_leases(first)
    await second.ownership.renew()
    await second.progress.settle()
    await second.finish(task_id)

    deliberation = await first.load(task_id)
    assert deliberation.status is Status.COMPLETED
    assert deliberation.steps_answered == 9
    assert Counter(first.event_names(task_id)) == {"started": 1, "completed": 1}


async def test_what_an_instance_gives_up_is_free_at_once() -> None:
    first, second = _two()
    task_id = await _started(first)

    await first.ownership.release()
    await second.ownership.renew()

    assert not first.ownership.owns(task_id)
    assert second.ownership.owns(task_id)


async def test_an_owner_that_was_paused_does_not_touch_what_another_took_over() -> None:
    first, second = _two()
    task_id = await _started(first)
    _expire_leases(first)
    await second.ownership.renew()
    await second.progress.settle()
    before = await first.load(task_id)

    for step in before.pending.values():
        await first.answer(task_id, step)
    await first.ownership.renew()
    await first.progress.settle()

    assert await first.load(task_id) == before
    assert not first.ownership.owns(task_id)


async def test_an_owner_paused_between_reading_and_writing_is_fenced_off_by_the_version() -> None:
    first, second = _two()
    task_id = await _started(first)
    save, paused, go_on = first.store.save, asyncio.Event(), asyncio.Event()

    async def save_late(deliberation: Deliberation) -> None:
        first.store.save = save  # type: ignore[method-assign]
        paused.set()
        await go_on.wait()
        await save(deliberation)

    first.store.save = save_late  # type: ignore[method-assign]
    (step, *_) = (await first.load(task_id)).pending.values()
    late = asyncio.create_task(first.answer(task_id, step))
    await paused.wait()
    _expire_leases(first)
    await second.ownership.renew()
    await second.progress.settle()
    await second.finish(task_id)
    outcome = await first.load(task_id)
    go_on.set()
    await late

    assert await first.load(task_id) == outcome
    assert outcome.steps_answered == 9
    assert Counter(first.event_names(task_id)) == {"started": 1, "completed": 1}


async def test_an_owner_that_finds_its_lapsed_lease_free_reconciles() -> None:
    first, _ = _two()
    task_id = await _started(first)
    await first.answer_phase(task_id, announce=False)
    _expire_leases(first)

    await first.ownership.renew()
    await first.progress.settle()

    assert (await first.load(task_id)).status is Status.IN_PROGRESS


async def test_only_the_owner_ends_what_is_overdue() -> None:
    first, second = _two()
    task_id = await _started(first)
    first.clock.advance(60_000)
    await first.ownership.renew()
    await second.ownership.renew()

    await second.progress.expire_overdue()
    assert not (await first.load(task_id)).final
    await first.progress.expire_overdue()
    assert (await first.load(task_id)).status is Status.TIMEOUT
    assert list(first.ownership.overdue(first.clock.now_ms())) == []


async def test_what_is_created_while_leases_are_renewed_is_not_forgotten() -> None:
    stage = Stage(lease_s=_LEASE_S)
    claim = stage.leases.claim

    async def claim_and_create(task_ids: list[str], lease: Lease) -> object:
        await stage.ownership.create(make_deliberation(task_id="meanwhile"), 10)
        return await claim(task_ids, lease)

    stage.leases.claim = claim_and_create  # type: ignore[method-assign, assignment]
    await stage.ownership.renew()

    assert stage.ownership.owns("meanwhile")


async def test_a_create_whose_answer_was_lost_is_found_to_be_ones_own() -> None:
    stage = Stage()
    create = stage.store.create

    async def create_twice(deliberation: Deliberation, limit: int, lease: Lease) -> Deliberation | None:
        await create(deliberation, limit, lease)
        return await create(deliberation, limit, lease)

    stage.store.create = create_twice  # type: ignore[method-assign]
    task_id = await _started(stage)

    assert stage.ownership.owns(task_id)
    assert len(stage.queue.published) == 3


async def test_what_could_not_be_handed_out_is_accepted_and_handed_out_later() -> None:
    stage = Stage()
    stage.queue.lost = True
    task_id = await _started(stage)
    with pytest.raises(DependencyLost):
        await stage.progress.settle()
    stage.queue.lost = False

    await stage.progress.settle()

    assert {request.task_id for request in stage.queue.published} == {task_id}


async def test_of_several_that_leave_one_is_the_last() -> None:
    first, second = _two()
    third = Stage(lease_s=_LEASE_S, beside=first)
    for stage in (first, second):
        await stage.ownership.renew()

    assert not await first.ownership.leave()
    assert await second.ownership.leave()
    await third.ownership.renew()
    _expire_leases(first)
    await first.ownership.renew()
    assert await first.ownership.leave()


async def test_what_another_instance_owns_is_not_doubtful_here() -> None:
    first, second = _two()
    theirs, mine = await _started(first), await _started(second)
    for task_id in (theirs, mine):
        second.ownership.doubt(task_id)

    assert [second.ownership.next_doubtful() for _ in range(2)] == [mine, None]


def test_leases_are_renewed_well_before_they_end() -> None:
    assert Stage(lease_s=_LEASE_S).ownership.renew_every_s * 2 < _LEASE_S
