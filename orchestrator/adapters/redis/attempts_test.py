"""Counting attempts, on a real redis-server and in memory alike."""

import asyncio

import pytest
from redis.asyncio import Redis

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.redis.attempts import RedisAttempts
from orchestrator.application.ports import Attempts


@pytest.fixture(params=["redis", "in memory"])
def attempts(request: pytest.FixtureRequest, client: Redis) -> Attempts:
    return RedisAttempts(client, 60) if request.param == "redis" else InMemoryAttempts()


async def test_attempts_are_counted_each_by_itself(attempts: Attempts) -> None:
    assert [await attempts.begin("a") for _ in range(3)] == [1, 2, 3]
    assert await attempts.begin("b") == 1


async def test_one_that_is_excused_does_not_count(attempts: Attempts) -> None:
    await attempts.begin("a")
    await attempts.begin("a")
    await attempts.excuse("a")

    assert await attempts.begin("a") == 2


async def test_there_are_never_less_than_none(attempts: Attempts) -> None:
    await attempts.excuse("a")
    await attempts.begin("a")
    for _ in range(3):
        await attempts.excuse("a")

    assert await attempts.begin("a") == 1


async def test_attempts_at_once_are_all_counted(attempts: Attempts) -> None:
    assert sorted(await asyncio.gather(*(attempts.begin("a") for _ in range(20)))) == [*range(1, 21)]


async def test_counts_expire(client: Redis) -> None:
    await RedisAttempts(client, 60).begin("a")

    assert 0 < await client.ttl("attempts:a") <= 60
