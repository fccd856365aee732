"""What the stores promise, on a real redis-server and in memory alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.adapters.in_memory.clock import ManualClock
from orchestrator.adapters.in_memory.stores import InMemoryContexts, InMemoryDeliberations, InMemoryResponses
from orchestrator.adapters.redis.connection import RedisDependency, connect
from orchestrator.adapters.redis.stores import RedisContexts, RedisDeliberations, RedisEndings, RedisResponses
from orchestrator.application.ports import ContextStore, DeliberationStore, Lease, ResponseStore, VersionConflict
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.errors import DependencyLost, Overloaded
from orchestrator.domain.steps import StepResponse
from orchestrator.testing.builders import MINUTE_MS, START_MS, answer_phase, finish, make_deliberation
from orchestrator.testing.servers import redis_server, running

_LEASE = Lease("instance", 60)
_STEP = "task/0/propose/agent"


@dataclass(frozen=True)
class Stores:
    """Empty stores of one kind."""

    deliberations: DeliberationStore
    responses: ResponseStore
    contexts: ContextStore


@pytest.fixture(params=["redis", "in memory"])
async def stores(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Stores]:
    if request.param == "in memory":
        yield Stores(InMemoryDeliberations(), InMemoryResponses(), InMemoryContexts(keep=3))
        return
    client = connect(url)
    await client.flushall()
    yield Stores(RedisDeliberations(client, 60), RedisResponses(client, 60), RedisContexts(client, keep=3))
    await client.aclose()


async def test_a_new_deliberation_is_open_and_comes_back_as_it_was(stores: Stores) -> None:
    deliberation = make_deliberation()

    assert await stores.deliberations.create(deliberation, 1, _LEASE) is None
    assert await stores.deliberations.load("task-1") == deliberation
    assert await stores.deliberations.open_deadlines() == {"task-1": START_MS + MINUTE_MS}


async def test_a_task_id_that_is_taken_returns_what_is_there_even_at_the_limit(stores: Stores) -> None:
    first = make_deliberation()
    await stores.deliberations.create(first, 1, _LEASE)
    second = replace(make_deliberation(), execution_id="exec-2")

    assert await stores.deliberations.create(second, 1, _LEASE) == first
    assert await stores.deliberations.load("task-1") == first


async def test_the_limit_counts_what_is_open(stores: Stores) -> None:
    await stores.deliberations.create(make_deliberation(), 1, _LEASE)

    with pytest.raises(Overloaded):
        await stores.deliberations.create(make_deliberation(task_id="task-2"), 1, _LEASE)
    assert await stores.deliberations.load("task-2") is None
    await stores.deliberations.close("task-1")
    assert await stores.deliberations.create(make_deliberation(task_id="task-2"), 1, _LEASE) is None
    assert await stores.deliberations.load("task-1") is not None


async def test_of_two_writers_the_second_is_told(stores: Stores) -> None:
    await stores.deliberations.create(make_deliberation(), 1, _LEASE)
    mine, theirs = [await stores.deliberations.load("task-1") for _ in range(2)]
    assert mine is not None
    assert theirs is not None
    answer_phase(theirs)
    await stores.deliberations.save(theirs)
    answer_phase(mine)

    with pytest.raises(VersionConflict):
        await stores.deliberations.save(mine)
    assert await stores.deliberations.load("task-1") == theirs


async def test_of_many_writers_at_once_exactly_one_succeeds(stores: Stores) -> None:
    await stores.deliberations.create(make_deliberation(), 1, _LEASE)
    copies = [await stores.deliberations.load("task-1") for _ in range(8)]

    outcomes = await asyncio.gather(
        *(stores.deliberations.save(copy) for copy in copies if copy), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == 1


async def test_what_was_never_created_cannot_be_written(stores: Stores) -> None:
    with pytest.raises(VersionConflict):
        await stores.deliberations.save(make_deliberation())


async def test_a_finished_deliberation_is_kept_whole(stores: Stores) -> None:
    deliberation = make_deliberation()
    await stores.deliberations.create(deliberation, 1, _LEASE)
    finish(deliberation)
    await stores.deliberations.save(deliberation)

    assert await stores.deliberations.load("task-1") == deliberation


async def test_the_first_response_of_a_step_stays(stores: Stores) -> None:
    first, second = StepResponse(_STEP, "task", text="first"), StepResponse(_STEP, "task", text="second")

    assert await stores.responses.get(_STEP) is None
    assert await stores.responses.put_if_absent(first) == first
    assert await stores.responses.put_if_absent(second) == first
    assert await stores.responses.get(_STEP) == first


def _event(number: int, kind: ContextKind = ContextKind.DECISION) -> ContextEvent:
    return ContextEvent(f"e{number}", "case", kind, f"text {number}", number)


async def test_events_are_kept_once_in_order_and_bounded(stores: Stores) -> None:
    for number in (4, 2, 2, 10, 9):
        await stores.contexts.append(_event(number))
    await stores.contexts.append(_event(1, ContextKind.SUMMARY))

    found = await stores.contexts.read("case")

    assert [event.occurred_at_ms for event in found[ContextKind.DECISION]] == [4, 9, 10]
    assert [event.text for event in found[ContextKind.SUMMARY]] == ["text 1"]
    assert list(found[ContextKind.TIMELINE]) == []
    assert not any((await stores.contexts.read("another case")).values())


async def test_an_event_id_that_is_known_replaces_nothing_and_adds_nothing(stores: Stores) -> None:
    first = _event(1)

    for event in (first, replace(first, text="another text"), replace(first, occurred_at_ms=9, scope="db")):
        await stores.contexts.append(event)

    assert list((await stores.contexts.read("case"))[ContextKind.DECISION]) == [first]


async def test_what_is_over_is_remembered_until_its_deadline_and_a_while_longer(url: str) -> None:
    client, clock = connect(url), ManualClock(START_MS)
    await client.flushall()
    endings = RedisEndings(client, clock)
    await endings.mark("soon", START_MS + MINUTE_MS)
    await endings.mark("long ago", 0)

    assert [await endings.is_over(task_id) for task_id in ("soon", "long ago", "never")] == [True, True, False]
    assert MINUTE_MS < await client.pttl("over:soon") <= 2 * MINUTE_MS
    assert 0 < await client.pttl("over:long ago") <= MINUTE_MS
    await client.aclose()


async def test_what_is_stored_expires(url: str) -> None:
    client = connect(url)
    await client.flushall()
    await RedisDeliberations(client, 60).create(make_deliberation(), 1, _LEASE)
    await RedisResponses(client, 60).put_if_absent(StepResponse("step", "task"))

    for key in ("deliberation:task-1", "step:step"):
        assert 0 < await client.ttl(key) <= 60
    await client.aclose()


async def test_a_server_that_is_away_is_a_lost_dependency_and_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    server = redis_server(tmp_path)
    client = connect(f"redis://127.0.0.1:{server.port}/0")
    with pytest.raises(DependencyLost):
        await RedisDependency(client).check()
    with running(server):
        await RedisDependency(client).check()
        server.stop()
        with pytest.raises(DependencyLost):
            await RedisDeliberations(client, 60).load("task-1")
        server.start()
        assert await RedisDeliberations(client, 60).load("task-1") is None
    await client.aclose()
