"""Reading once for all who ask."""

import asyncio

import pytest

from orchestrator.adapters.in_memory.clock import ManualClock
from orchestrator.application.fresh import FRESH_MS, Fresh
from orchestrator.domain.errors import DependencyLost


class _Counter:
    def __init__(self) -> None:
        self.count = 0
        self.tries = 0
        self.lost = False

    async def read(self) -> int:
        self.tries += 1
        await asyncio.sleep(0)
        if self.lost:
            raise DependencyLost("redis", "gone")
        self.count += 1
        return self.count


async def test_those_who_ask_at_once_share_a_reading() -> None:
    counter = _Counter()
    fresh = Fresh(counter.read, ManualClock())

    assert await asyncio.gather(*(fresh() for _ in range(5))) == [1] * 5


async def test_what_is_old_is_read_again_and_so_it_is_when_the_clock_was_set_back() -> None:
    counter, clock = _Counter(), ManualClock()
    fresh = Fresh(counter.read, clock)
    assert await fresh() == 1

    clock.advance(FRESH_MS - 1)
    assert await fresh() == 1
    clock.advance(1)
    assert await fresh() == 2
    clock.advance(-1)
    assert await fresh() == 3


async def test_a_failure_is_told_and_not_kept() -> None:
    counter = _Counter()
    fresh = Fresh(counter.read, ManualClock())
    counter.lost = True
    with pytest.raises(DependencyLost):
        await fresh()

    counter.lost = False
    assert await fresh() == 1


async def test_a_failure_is_told_to_all_who_waited_after_one_try() -> None:
    counter = _Counter()
    fresh = Fresh(counter.read, ManualClock())
    counter.lost = True

    outcomes = await asyncio.gather(*(fresh() for _ in range(5)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [DependencyLost] * 5
    assert counter.tries == 1


async def test_one_who_gives_up_does_not_take_the_reading_from_the_others() -> None:
    counter = _Counter()
    fresh = Fresh(counter.read, ManualClock())
    first, second = asyncio.create_task(fresh()), asyncio.create_task(fresh())
    await asyncio.sleep(0)

    first.cancel()

    assert await second == 1
    assert counter.tries == 1
