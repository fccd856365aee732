"""What is kept in memory stays bounded, and nothing is forgotten that is still needed."""

from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.messaging import InMemoryEvents, InMemoryQueue
from orchestrator.adapters.in_memory.newest import Newest
from orchestrator.adapters.in_memory.stores import InMemoryContexts, InMemoryDeliberations, InMemoryResponses
from orchestrator.application.ports import DeliberationEvent, Lease
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.steps import StepResponse
from orchestrator.testing.builders import make_deliberation, make_step_request

_LEASE = Lease("instance", 60)


def test_the_oldest_is_forgotten() -> None:
    kept: Newest[str, int] = Newest(2)
    kept.update(a=1, b=2)
    kept["a"] = 3
    kept.setdefault("c", 4)

    assert dict(kept) == {"b": 2, "c": 4}


async def test_deliberations_are_forgotten_once_they_are_over_and_never_before() -> None:
    store = InMemoryDeliberations(keep=2)
    for number in range(5):
        await store.create(replace(make_deliberation(), task_id=f"t{number}"), 10, _LEASE)

    for number in range(4):
        await store.close(f"t{number}")

    assert [bool(await store.load(f"t{number}")) for number in range(5)] == [False, False, True, True, True]


async def test_a_deliberation_that_is_closed_can_still_be_written() -> None:
    store = InMemoryDeliberations(keep=1)
    deliberation = make_deliberation()
    await store.create(deliberation, 10, _LEASE)
    await store.close(deliberation.task_id)
    await store.close(deliberation.task_id)

    deliberation.warnings.append("late")
    await store.save(deliberation)

    stored = await store.load(deliberation.task_id)
    assert stored
    assert stored.warnings == ["late"]


@pytest.mark.parametrize("task_id", ["t", "with/slashes/in/it"])
async def test_responses_of_the_last_deliberations_are_kept(task_id: str) -> None:
    store = InMemoryResponses(keep=1)
    first, second = f"{task_id}/0/propose/a", f"{task_id}/0/propose/b"
    for step_id in (first, second):
        await store.put_if_absent(StepResponse(step_id, task_id, text=step_id))
    assert await store.get(first)
    assert await store.get(second)

    await store.put_if_absent(StepResponse("other/0/propose/a", "other"))

    assert await store.get(first) is None


async def test_a_step_is_queued_once_as_long_as_its_deliberation_is_remembered() -> None:
    queue = InMemoryQueue(keep=1)
    request = make_step_request()
    for _ in range(2):
        await queue.publish(request)
    assert queue._queue.qsize() == 1

    await queue.publish(replace(request, task_id="other", step_id="other/0/propose/a"))

    assert len(queue._known) == 1


async def test_events_and_cases_are_bounded_and_reading_keeps_nothing() -> None:
    events, contexts = InMemoryEvents(keep=1), InMemoryContexts(keep_cases=2)
    for number in range(3):
        await events.publish(DeliberationEvent("started", f"t{number}", {}))
        await contexts.append(ContextEvent("e", f"case-{number}", ContextKind.DECISION, "x", 1))
        await contexts.read(f"unknown-{number}")

    assert [*events.published] == [("t2", "started")]
    assert len(contexts._events) == 2
    assert (await contexts.read("case-2"))[ContextKind.DECISION]
    assert not (await contexts.read("case-0"))[ContextKind.DECISION]
