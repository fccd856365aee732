"""What the store of councils promises, on a real redis-server and in memory alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.councils import InMemoryCouncils
from orchestrator.adapters.redis.connection import connect
from orchestrator.adapters.redis.councils import RedisCouncils
from orchestrator.application.ports import CouncilStore, VersionConflict
from orchestrator.domain.council import AgentType, CouncilConfig, make_council, standing_councils
from orchestrator.domain.council_request import NewAgent, member_of

_POETS = make_council("POET", 2, CouncilConfig(2, False, "big", AgentType.MOCK, "poet"))
_ROLES = ["ARCHITECT", "DATA", "DEV", "DEVOPS", "QA"]


@pytest.fixture(params=["redis", "in memory"])
async def store(request: pytest.FixtureRequest, url: str) -> AsyncIterator[CouncilStore]:
    if request.param == "in memory":
        yield InMemoryCouncils(standing_councils(4))
        return
    client = connect(url)
    await client.flushall()
    yield RedisCouncils(client, standing_councils(4))
    await client.aclose()


async def _roles(store: CouncilStore) -> list[str]:
    return [council.role for council in await store.all()]


async def test_the_services_own_are_there_from_the_start(store: CouncilStore) -> None:
    dev = await store.load("DEV")

    assert dev
    assert dev.standing
    assert len(dev.members) == 4
    assert await _roles(store) == _ROLES


async def test_a_council_comes_back_as_it_was_written(store: CouncilStore) -> None:
    guest = member_of(NewAgent("guest", "POET", labels={"team": "a"}), _POETS)

    written = await store.save(_POETS.admit(guest))

    assert written.version != 0
    assert replace(written, version=0) == _POETS.admit(guest)
    assert await store.load("POET") == written
    assert await _roles(store) == [*_ROLES[:-1], "POET", "QA"]


async def test_of_two_writers_the_second_is_told(store: CouncilStore) -> None:
    first = await store.save(_POETS)
    second = await store.save(first)

    for stale in (first, _POETS):
        with pytest.raises(VersionConflict):
            await store.save(stale)
        with pytest.raises(VersionConflict):
            await store.remove(stale)
    assert await store.load("POET") == second


async def test_of_many_that_create_at_once_exactly_one_succeeds(store: CouncilStore) -> None:
    outcomes = await asyncio.gather(*(store.save(_POETS) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 7


async def test_a_council_that_was_made_anew_is_not_taken_for_the_one_before(store: CouncilStore) -> None:
    before = await store.save(_POETS)
    await store.remove(before)
    assert await store.load("POET") is None
    await store.save(_POETS)

    with pytest.raises(VersionConflict):
        await store.save(before)


async def test_one_of_the_services_own_that_is_removed_stays_away(store: CouncilStore) -> None:
    for council in await store.all():
        await store.remove(council)

    assert await store.load("DEV") is None
    assert not await store.all()


async def test_a_restart_brings_nothing_back_and_overwrites_nothing(url: str) -> None:
    client = connect(url)
    await client.flushall()
    before = RedisCouncils(client, standing_councils(4))
    data, qa = [await before.load(role) for role in ("DATA", "QA")]
    assert data
    assert qa
    await before.remove(data)
    changed = await before.save(qa.dismiss("agent-qa-1"))

    after = RedisCouncils(client, standing_councils(4))

    assert await _roles(after) == ["ARCHITECT", "DEV", "DEVOPS", "QA"]
    assert await after.load("QA") == changed
    assert await after.load("DEV") == await before.load("DEV")
    await client.aclose()


async def test_those_that_nobody_has_changed_follow_the_settings(url: str) -> None:
    client = connect(url)
    await client.flushall()
    await RedisCouncils(client, standing_councils(4)).all()

    dev = await RedisCouncils(client, standing_councils(6)).load("DEV")

    assert dev
    assert len(dev.members) == 6
    await client.aclose()


async def test_a_redis_that_lost_everything_has_the_services_own_again(url: str) -> None:
    client = connect(url)
    store = RedisCouncils(client, standing_councils(4))
    await store.all()

    await client.flushall()
    assert await store.load("DEV")
    await client.flushall()
    assert await _roles(store) == _ROLES
    await client.aclose()
