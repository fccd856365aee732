"""What a store of measurements promises, on a real redis-server and in memory alike."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.statistics import InMemoryStatistics
from orchestrator.adapters.redis.connection import connect
from orchestrator.adapters.redis.statistics import RedisStatistics
from orchestrator.application.ports import StatisticsStore
from orchestrator.domain.deliberation import Status
from orchestrator.domain.statistics import KEPT_MS, Finished, Totals

_ONE = Finished("task-1", "deliberate", "DEV", Status.COMPLETED, 1_000, 300, 9, 250)


@pytest.fixture(params=["redis", "in memory"])
async def store(request: pytest.FixtureRequest, url: str) -> AsyncIterator[StatisticsStore]:
    if request.param == "in memory":
        yield InMemoryStatistics(keep=3, roles=2)
        return
    client = connect(url)
    await client.flushall()
    yield RedisStatistics(client, keep=3, roles=2)
    await client.aclose()


def _other(number: int, **changes: object) -> Finished:
    return replace(_ONE, task_id=f"task-{number}", **changes)  # type: ignore[arg-type]


async def test_measurements_come_back_by_time(store: StatisticsStore) -> None:
    late, early = _other(2, finished_at_ms=3_000), _other(3, finished_at_ms=2_000, status=Status.TIMEOUT)
    for finished in (late, _ONE, early):
        await store.record(finished)

    assert list(await store.kept()) == [_ONE, early, late]


async def test_totals_count_each_deliberation_once(store: StatisticsStore) -> None:
    assert await store.totals() == Totals()
    for finished in (
        _ONE,
        replace(_ONE, duration_ms=9),
        _other(2, kind="orchestrate", role="QA", duration_ms=500),
        _other(3, status=Status.FAILED),
    ):
        await store.record(finished)

    assert await store.totals() == Totals(3, 1, 2, 800, {"DEV": 2, "QA": 1})
    assert (await store.kept())[0] == _ONE


async def test_roles_beyond_those_that_are_counted_by_name_count_together(store: StatisticsStore) -> None:
    for number, role in enumerate(("DEV", "QA", "A", "B", "DEV", "C", "QA")):
        await store.record(_other(number, role=role))

    assert (await store.totals()).by_role == {"DEV": 2, "QA": 2, "other": 3}


async def test_only_the_newest_are_kept_and_all_are_counted(store: StatisticsStore) -> None:
    for number in range(1, 6):
        await store.record(_other(number, finished_at_ms=number))

    assert [finished.finished_at_ms for finished in await store.kept()] == [3, 4, 5]
    assert (await store.totals()).deliberations == 5


async def test_what_is_old_is_let_go(store: StatisticsStore) -> None:
    await store.record(_ONE)
    await store.record(_other(2, finished_at_ms=_ONE.finished_at_ms + KEPT_MS))
    assert len(await store.kept()) == 2
    await store.record(_other(3, finished_at_ms=_ONE.finished_at_ms + KEPT_MS + 1))

    assert [finished.task_id for finished in await store.kept()] == ["task-2", "task-3"]


async def test_thousands_are_read_at_once(url: str) -> None:
    client = connect(url)
    await client.flushall()
    store = RedisStatistics(client)
    for number in range(2_500):
        await store.record(_other(number, finished_at_ms=number))

    assert [finished.finished_at_ms for finished in await store.kept()] == list(range(2_500))
    await client.aclose()
