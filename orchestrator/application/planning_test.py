"""Taking in planning events, and deriving tasks: once, however often one is told."""

import json
from dataclasses import replace

import pytest

from orchestrator.application.planning import KeepPlanningEvent
from orchestrator.application.ports import UnreadableMessage
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.derivation import DerivationRequest, Strategy
from orchestrator.domain.errors import DependencyLost, InvalidRequest, UnknownRole
from orchestrator.testing.builders import START_MS, make_planning_event
from orchestrator.testing.stage import Stage

_REQUEST = DerivationRequest("case-1", "plan-1", ("DEV", "QA"))
_PUBLISHED = replace(_REQUEST, strategy=Strategy(auto_publish=True))


async def _timeline(stage: Stage) -> list[str]:
    return [event.text for event in (await stage.contexts.read("case-1"))[ContextKind.TIMELINE]]


async def test_an_event_is_kept_and_told_to_the_timeline_once() -> None:
    stage = Stage()
    event = make_planning_event(to_state="REVIEW")

    first, second = [await stage.process_planning_event(event) for _ in range(2)]

    assert (first.known, second.known) == (False, True)
    assert list(await stage.plans.events("case-1", "plan-1")) == [event]
    assert await _timeline(stage) == ["Plan plan-1 went from DRAFT to REVIEW"]


async def test_an_approval_derives_tasks_by_what_the_plan_said_before() -> None:
    stage = Stage()
    drafted = make_planning_event(to_state="DRAFT", timestamp_ms=START_MS - 1, metadata={"tasks.DEV": "Lexer\nParser"})
    approved = make_planning_event(metadata={"roles": "QA,DEV", "auto_publish_to_nats": "true"})
    await stage.process_planning_event(drafted)

    first, second = [await stage.process_planning_event(approved) for _ in range(2)]

    assert len(first.derived_task_ids) == 3
    assert first.derived_task_ids == second.derived_task_ids
    assert list(stage.tasks.published) == first.derived_task_ids
    assert stage.tasks.published[first.derived_task_ids[0]].description.startswith("Lexer")


async def test_an_event_that_is_not_acceptable_leaves_nothing_behind() -> None:
    stage = Stage()

    for event, error in (
        (make_planning_event(plan_id=""), InvalidRequest),
        (make_planning_event(metadata={"roles": "dev"}), InvalidRequest),
        (make_planning_event(metadata={"roles": "DEV,POET"}), UnknownRole),
    ):
        with pytest.raises(error):
            await stage.process_planning_event(event)

    assert not await stage.plans.events("case-1", "plan-1")
    assert not await _timeline(stage)


async def test_processing_that_was_cut_short_is_made_up_for_by_a_repeat() -> None:
    stage = Stage()
    event = make_planning_event(metadata={"roles": "DEV"})
    append = stage.contexts.append

    async def lost(event: ContextEvent) -> None:
        raise DependencyLost("redis", "gone")

    stage.contexts.append = lost  # type: ignore[method-assign]
    with pytest.raises(DependencyLost):
        await stage.process_planning_event(event)
    stage.contexts.append = append  # type: ignore[method-assign]

    processed = await stage.process_planning_event(event)
    assert processed.known
    assert processed.derived_task_ids
    assert await _timeline(stage)


async def test_a_derivation_stays_as_it_was_whatever_is_learnt_later() -> None:
    stage = Stage()
    first = await stage.derive_subtasks(_REQUEST)
    await stage.process_planning_event(make_planning_event(metadata={"title": "A parser"}))

    assert await stage.derive_subtasks(_REQUEST) == first
    other = await stage.derive_subtasks(replace(_REQUEST, roles=("DEV",)))
    assert other.derivation_id != first.derivation_id
    assert "A parser" in other.tasks[0].description


async def test_tasks_are_published_once_and_only_if_asked_for() -> None:
    stage = Stage()
    published: list[str] = []

    async def publish(task: object) -> None:
        published.append(task.task_id)  # type: ignore[attr-defined]

    stage.tasks.publish = publish  # type: ignore[method-assign]
    derivation = await stage.derive_subtasks(_REQUEST)
    assert not published

    for _ in range(2):
        await stage.derive_subtasks(_PUBLISHED)
    assert published == [task.task_id for task in derivation.tasks]


async def test_what_could_not_be_published_is_published_by_a_repeat() -> None:
    stage = Stage()
    publish = stage.tasks.publish

    async def lost(task: object) -> None:
        raise DependencyLost("nats", "gone")

    stage.tasks.publish = lost  # type: ignore[method-assign]
    with pytest.raises(DependencyLost):
        await stage.derive_subtasks(_PUBLISHED)
    stage.tasks.publish = publish  # type: ignore[method-assign]

    derivation = await stage.derive_subtasks(_PUBLISHED)
    assert list(stage.tasks.published) == [task.task_id for task in derivation.tasks]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (replace(_REQUEST, plan_id=""), InvalidRequest),
        (replace(_REQUEST, roles=("DEV", "POET")), UnknownRole),
    ],
)
async def test_what_cannot_be_derived_is_refused(request_: DerivationRequest, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Stage().derive_subtasks(request_)


def _message(**changes: object) -> bytes:
    fields = {"event_type": "t", "case_id": "case-1", "plan_id": "plan-1", "to_state": "DRAFT", "timestamp_ms": 5}
    return json.dumps({**fields, **changes}).encode()


async def test_a_message_is_processed_as_an_event() -> None:
    stage = Stage()

    await KeepPlanningEvent(stage.process_planning_event)("planning.plan", _message())

    assert await _timeline(stage) == ["Plan plan-1 went to DRAFT"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        _message(plan_id=""),
        _message(to_state="APPROVED", metadata={"roles": "POET"}),
        _message(to_state="APPROVED", metadata={"roles": "poet"}),
    ],
)
async def test_a_message_that_no_repeat_would_mend_is_said_to_be_one(data: bytes) -> None:
    stage = Stage()

    with pytest.raises(UnreadableMessage):
        await KeepPlanningEvent(stage.process_planning_event)("planning.plan", data)

    assert not await _timeline(stage)


async def test_a_message_whose_store_is_lost_comes_again() -> None:
    stage = Stage()

    async def lost(event: object) -> bool:
        raise DependencyLost("redis", "gone")

    stage.plans.append = lost  # type: ignore[method-assign]
    with pytest.raises(DependencyLost):
        await KeepPlanningEvent(stage.process_planning_event)("planning.plan", _message())
