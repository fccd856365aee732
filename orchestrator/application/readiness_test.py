"""Whether everything is there."""

import asyncio

import pytest

from orchestrator.application.readiness import Readiness
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.stage import SwitchedDependency


async def test_nothing_is_there_before_the_first_look() -> None:
    readiness = Readiness([SwitchedDependency("redis")])

    assert not readiness.ready
    with pytest.raises(DependencyLost):
        readiness.require({"vllm", "ray"})


async def test_it_is_ready_while_all_are_there() -> None:
    redis, vllm = SwitchedDependency("redis"), SwitchedDependency("vllm", there=False)
    readiness = Readiness([redis, vllm])

    assert not await readiness.look()
    vllm.there = True
    assert await readiness.look()
    readiness.require({"vllm", "ray"})
    redis.there = False
    assert not await readiness.look()


async def test_a_check_that_hangs_counts_as_lost() -> None:
    class Hanging:
        name = "ray"

        async def check(self) -> None:
            await asyncio.Event().wait()

    readiness = Readiness([Hanging()], check_timeout_s=0.01)

    assert not await readiness.look()
    with pytest.raises(DependencyLost, match="ray"):
        readiness.require({"vllm", "ray"})


async def test_without_dependencies_it_is_ready() -> None:
    assert Readiness(()).ready


async def test_news_ends_one_rest_also_when_it_came_before_it() -> None:
    news = asyncio.Event()
    readiness = Readiness((), news)
    resting = asyncio.create_task(readiness.rest(60))
    await asyncio.sleep(0)
    news.set()
    async with asyncio.timeout(10):
        await resting
        news.set()
        await readiness.rest(60)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await readiness.rest(60)


async def test_without_news_a_rest_ends_when_its_time_is_up() -> None:
    async with asyncio.timeout(10):
        await Readiness(()).rest(0.01)
