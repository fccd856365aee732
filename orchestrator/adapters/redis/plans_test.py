"""What a store of plans promises, on a real redis-server and in memory alike."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.plans import InMemoryPlans
from orchestrator.adapters.redis.connection import connect
from orchestrator.adapters.redis.plans import RedisPlans
from orchestrator.application.ports import PlanStore
from orchestrator.domain.derivation import DerivationRequest, Knowledge, derive
from orchestrator.testing.builders import make_planning_event

_DERIVATION = derive(DerivationRequest("case-1", "plan-1", ("DEV", "QA")), Knowledge())


@pytest.fixture(params=["redis", "in memory"])
async def plans(request: pytest.FixtureRequest, url: str) -> AsyncIterator[PlanStore]:
    if request.param == "in memory":
        yield InMemoryPlans(keep=3)
        return
    client = connect(url)
    await client.flushall()
    yield RedisPlans(client, keep=3)
    await client.aclose()


async def test_events_are_kept_once_in_order_and_bounded(plans: PlanStore) -> None:
    new = [await plans.append(make_planning_event(timestamp_ms=time)) for time in (4, 2, 2, 10, 9)]

    assert new == [True, True, False, True, True]
    kept = await plans.events("case-1", "plan-1")
    assert list(kept) == [make_planning_event(timestamp_ms=time) for time in (4, 9, 10)]


async def test_an_event_comes_back_as_it_was(plans: PlanStore) -> None:
    event = make_planning_event(event_id="e1", metadata={"title": "Ein Übersetzer", "tasks.DEV": "a\nb"})
    await plans.append(event)

    assert list(await plans.events("case-1", "plan-1")) == [event]


async def test_no_two_plans_share_their_events(plans: PlanStore) -> None:
    event = make_planning_event(case_id="a:b", plan_id="c")
    await plans.append(event)

    for case_id, plan_id in (("a", "b:c"), ("a:b", "c:events"), ("a%3Ab", "c"), ("c", "a:b")):
        assert not await plans.events(case_id, plan_id)
    assert list(await plans.events("a:b", "c")) == [event]


async def test_the_first_derivation_stays(plans: PlanStore) -> None:
    other = replace(_DERIVATION, tasks=_DERIVATION.tasks[:1])

    assert await plans.derivation(_DERIVATION.derivation_id) is None
    assert await plans.put_if_absent(_DERIVATION) == _DERIVATION
    assert await plans.put_if_absent(other) == _DERIVATION
    assert await plans.derivation(_DERIVATION.derivation_id) == _DERIVATION


async def test_it_is_remembered_that_a_derivation_was_published(plans: PlanStore) -> None:
    await plans.put_if_absent(_DERIVATION)
    await plans.mark_published(_DERIVATION)

    assert await plans.derivation(_DERIVATION.derivation_id) == replace(_DERIVATION, published=True)


async def test_what_is_stored_expires(url: str) -> None:
    client = connect(url)
    await client.flushall()
    plans = RedisPlans(client, keep_s=60)
    await plans.append(make_planning_event())
    await plans.put_if_absent(_DERIVATION)
    await plans.mark_published(_DERIVATION)

    keys = {key async for key in client.scan_iter()}
    assert keys == {
        "plan:case-1:plan-1",
        "plan:case-1:plan-1:events",
        f"derivation:{_DERIVATION.derivation_id}",
    }
    for key in keys:
        assert 0 < await client.ttl(key) <= 60
    await client.aclose()
