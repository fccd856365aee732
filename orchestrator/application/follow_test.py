"""Following a deliberation: from its beginning, as it happens, to its end."""

import asyncio
from contextlib import aclosing

import pytest

from orchestrator.application.follow import FollowDeliberation
from orchestrator.application.patience import PatientReader
from orchestrator.application.wake_ups import WakeUps
from orchestrator.domain.errors import (
    DeliberationCancelled,
    DeliberationFailed,
    DeliberationTimedOut,
    DependencyLost,
    UnknownDeliberation,
)
from orchestrator.domain.updates import Update, updates
from orchestrator.testing.builders import START_MS, make_request
from orchestrator.testing.stage import Stage


async def _all(follow: FollowDeliberation, task_id: str) -> list[Update]:
    return [update async for update in follow(task_id)]


async def test_what_happens_is_reported_as_it_happens() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(num_agents=1), "")).task_id
    async with aclosing(stage.follow(task_id)) as following:
        assert (await anext(following)).step == "propose"
        for step in ("propose", "revise 1"):
            upcoming = asyncio.ensure_future(anext(following))
            await asyncio.sleep(0)
            assert not upcoming.done()
            await stage.answer_phase(task_id)
            assert (await upcoming).step == step
        assert [update.step async for update in following] == ["score", "rank 1"]


async def test_who_comes_late_is_told_everything_from_the_beginning() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(), "")).task_id
    await stage.answer_phase(task_id)
    early = asyncio.create_task(_all(stage.follow, task_id))
    await asyncio.sleep(0)
    await stage.finish(task_id)

    told = await early

    assert told == await _all(stage.follow, task_id) == list(updates(await stage.load(task_id)))


async def test_in_another_process_nobody_wakes_it_and_it_looks_by_itself() -> None:
    stage = Stage()
    elsewhere = FollowDeliberation(stage.reader, WakeUps(), look_again_s=0.001)
    task_id = (await stage.start(make_request(), "")).task_id
    following = asyncio.create_task(_all(elsewhere, task_id))
    await stage.finish(task_id)

    assert await following == list(updates(await stage.load(task_id)))


async def test_a_slow_reader_has_one_wake_up_for_many_moves() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(), "")).task_id
    loads = 0
    load = stage.store.load

    async def counting(task_id: str) -> object:
        nonlocal loads
        loads += 1
        return await load(task_id)

    async with aclosing(stage.follow(task_id)) as following:
        await anext(following)
        await stage.finish(task_id)
        stage.store.load = counting  # type: ignore[assignment, method-assign]
        rest = [update async for update in following]

    assert len(rest) == 13
    assert loads == 1


async def test_to_stop_reading_ends_nothing_and_leaves_nothing_behind() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(), "")).task_id
    async with aclosing(stage.follow(task_id)) as following:
        await anext(following)

    assert not stage.wake_ups._moves
    await stage.finish(task_id)
    assert (await stage.load(task_id)).results


async def test_a_store_that_is_lost_meanwhile_is_waited_for() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(num_agents=1), "")).task_id
    async with aclosing(stage.follow(task_id)) as following:
        assert (await anext(following)).step == "propose"
        await stage.finish(task_id)
        stage.lose_store(times=1)

        assert [update.step async for update in following][-1] == "rank 1"


async def test_a_store_that_stays_lost_is_named() -> None:
    stage = Stage()
    task_id = (await stage.start(make_request(num_agents=1), "")).task_id
    patient = FollowDeliberation(PatientReader(stage.store, patience_s=0), stage.wake_ups, look_again_s=0.001)
    async with aclosing(patient(task_id)) as following:
        await anext(following)
        stage.lose_store()

        with pytest.raises(DependencyLost):
            await anext(following)


async def test_an_end_without_results_is_an_error_after_what_happened() -> None:
    stage = Stage()
    failed, late, cancelled = [(await stage.start(make_request(num_agents=1), "")).task_id for _ in range(3)]
    await stage.answer_phase(failed, error="the model refused")
    deliberation = await stage.load(cancelled)
    deliberation.cancel("not needed", START_MS)
    await stage.store.save(deliberation)
    stage.clock.advance(60_000)
    await stage.progress.expire_overdue()

    for task_id, kind, steps in (
        (failed, DeliberationFailed, ["propose", "propose failed"]),
        (late, DeliberationTimedOut, ["propose"]),
        (cancelled, DeliberationCancelled, ["propose"]),
        ("nothing", UnknownDeliberation, []),
    ):
        async with aclosing(stage.follow(task_id)) as following:
            assert [(await anext(following)).step for _ in steps] == steps
            with pytest.raises(kind):
                await anext(following)
