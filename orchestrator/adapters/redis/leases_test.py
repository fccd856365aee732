"""What leases promise, on a real redis-server and in memory alike."""

import asyncio
from pathlib import Path
from typing import Protocol

import pytest
from redis.asyncio import Redis

from orchestrator.adapters.in_memory.stores import InMemoryLeases
from orchestrator.adapters.redis.connection import connect
from orchestrator.adapters.redis.leases import RedisLeases, RedisLock
from orchestrator.adapters.redis.stores import RedisDeliberations
from orchestrator.application.ports import InstanceRegistry, Lease, LeaseStore
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_deliberation

_A, _B = Lease("a", 60), Lease("b", 60)
# As short as a test can wait for without being disturbed by a slow machine.
_SHORT = Lease("a", 0.05)


class Leases(LeaseStore, InstanceRegistry, Protocol):
    """Both ports, as both adapters have them."""


@pytest.fixture(params=["redis", "in memory"])
def leases(request: pytest.FixtureRequest, client: Redis) -> Leases:
    return RedisLeases(client) if request.param == "redis" else InMemoryLeases()


async def test_what_is_free_is_taken_and_what_is_taken_stays_with_its_owner(leases: Leases) -> None:
    assert list(await leases.claim(["x", "y"], _A)) == ["x", "y"]
    assert list(await leases.claim(["w", "x", "y", "z"], _B)) == ["w", "z"]
    assert list(await leases.claim(["w", "x", "y", "z"], _A)) == ["x", "y"]


async def test_a_lease_that_is_not_prolonged_ends(leases: Leases) -> None:
    await leases.claim(["x"], _SHORT)
    await leases.claim(["y"], _A)

    async with asyncio.timeout(10):
        while list(await leases.claim(["x", "y"], _B)) != ["x"]:
            await asyncio.sleep(0.01)


async def test_only_the_owner_can_release(leases: Leases) -> None:
    await leases.claim(["x", "y"], _A)

    await leases.release(["x", "y"], "b")
    assert list(await leases.claim(["x", "y"], _B)) == []
    await leases.release(["x"], "a")
    assert list(await leases.claim(["x", "y"], _B)) == ["x"]


async def test_more_leases_than_one_script_is_given_are_claimed_and_released(leases: Leases) -> None:
    many = [f"task-{number}" for number in range(1201)]

    assert list(await leases.claim(many, _A)) == many
    assert list(await leases.claim(many, _B)) == []
    await leases.release(many, "a")
    assert list(await leases.claim(many, _B)) == many


async def test_of_many_that_claim_at_once_one_succeeds(leases: Leases) -> None:
    claims = await asyncio.gather(*(leases.claim(["x"], Lease(str(number), 60)) for number in range(8)))

    assert sum(list(claim) == ["x"] for claim in claims) == 1


async def test_instances_count_until_they_leave_or_fall_silent(leases: Leases) -> None:
    for lease in (_A, _B, Lease("c", 60)):
        await leases.beat(lease)
    assert await leases.leave("a") == 2
    assert await leases.leave("a") == 2
    await leases.beat(Lease("c", 0.01))

    async with asyncio.timeout(10):
        while await leases.leave("nobody") != 1:
            await asyncio.sleep(0.01)
    assert await leases.leave("b") == 0


async def test_creating_a_deliberation_takes_its_lease_and_closing_it_ends_the_lease(client: Redis) -> None:
    store, leases = RedisDeliberations(client, 60), RedisLeases(client)
    await store.create(make_deliberation(), 10, _A)
    await store.create(make_deliberation(), 10, _B)

    assert list(await leases.claim(["task-1"], _B)) == []
    assert 0 < await client.pttl("owner:task-1") <= 60_000
    await store.close("task-1")
    assert not await client.exists("owner:task-1")


async def test_one_holder_at_a_time_has_the_lock(client: Redis) -> None:
    mine, theirs = (RedisLock(client, "job", holder, 60) for holder in "ab")

    async with mine() as held:
        assert held
        async with theirs() as held_too:
            assert not held_too
        # Who does not have it cannot free it.
        async with theirs() as held_too:
            assert not held_too
    async with theirs() as held:
        assert held


async def test_a_lock_whose_holder_died_is_free_after_its_time(client: Redis) -> None:
    dead, other = RedisLock(client, "job", "a", 0.05), RedisLock(client, "job", "b", 60)
    await dead().__aenter__()

    async def taken() -> bool:
        async with other() as held:
            return held

    async with asyncio.timeout(10):
        while not await taken():
            await asyncio.sleep(0.01)


async def test_without_redis_leases_and_locks_are_a_lost_dependency(tmp_path: Path) -> None:
    client = connect("redis://127.0.0.1:1/0")
    leases, lock = RedisLeases(client), RedisLock(client, "job", "a", 60)

    with pytest.raises(DependencyLost):
        await leases.claim(["x"], _A)
    with pytest.raises(DependencyLost):
        await leases.leave("a")
    with pytest.raises(DependencyLost):
        async with lock():
            pass
    await client.aclose()
