"""Planning events: what is one, what it says, and what tells two apart."""

from typing import Any

import pytest

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.planning import (
    Brief,
    PlanningEvent,
    brief,
    parse_planning_event,
    timeline_entry,
    validate_event,
)
from orchestrator.testing.builders import START_MS, make_planning_event


def _raw(**changes: Any) -> dict[str, Any]:
    return {
        "event_type": "plan.state_changed",
        "case_id": "case-1",
        "plan_id": "plan-1",
        "from_state": "DRAFT",
        "to_state": "APPROVED",
        "timestamp_ms": START_MS,
        **changes,
    }


def test_an_event_is_read_from_a_document() -> None:
    assert parse_planning_event(_raw()) == make_planning_event()
    assert parse_planning_event(_raw(event_id="e1", metadata={"title": "A parser"})) == make_planning_event(
        event_id="e1", metadata={"title": "A parser"}
    )


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"case_id": ""}, ["case_id"]),
        ({"plan_id": " "}, ["plan_id"]),
        ({"to_state": None}, ["to_state"]),
        ({"event_type": 1, "from_state": []}, ["event_type", "from_state"]),
        ({"event_id": "x" * 129}, ["event_id"]),
        ({"case_id": "\ud800"}, ["case_id"]),
        ({"event_id": "\udfff", "to_state": "x\ud800"}, ["to_state", "event_id"]),
        ({"metadata": {"title": "half \ud800 a pair"}}, ["metadata"]),
        ({"metadata": {"\udc00": "text"}}, ["metadata"]),
        ({"timestamp_ms": 0}, ["timestamp_ms"]),
        ({"timestamp_ms": 1.5}, ["timestamp_ms"]),
        ({"timestamp_ms": True}, ["timestamp_ms"]),
        ({"timestamp_ms": 10**15}, ["timestamp_ms"]),
        ({"metadata": ["title"]}, ["metadata"]),
        ({"metadata": {"title": 1}}, ["metadata"]),
        ({"metadata": {"title": "x" * 4_001}}, ["metadata"]),
        ({"metadata": {str(number): "x" * 3_999 for number in range(9)}}, ["metadata"]),
        ({"metadata": {str(number): "" for number in range(51)}}, ["metadata"]),
    ],
)
def test_a_document_that_is_no_event_names_its_fields(changes: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_planning_event(_raw(**changes))

    assert [violation.field for violation in raised.value.violations] == fields


@pytest.mark.parametrize("raw", [None, [], "event", 1])
def test_what_is_no_object_is_no_event(raw: object) -> None:
    with pytest.raises(InvalidRequest):
        parse_planning_event(raw)


def test_the_longest_that_may_be_is_an_event() -> None:
    validate_event(make_planning_event(case_id="x" * 128, metadata={"title": "x" * 4_000}))


def test_an_event_is_the_same_by_its_id_or_by_what_happened_when() -> None:
    event = make_planning_event()
    same = make_planning_event(event_type="another", from_state="REVIEW", metadata={"a": "b"})

    assert event.identity == same.identity
    assert make_planning_event(event_id="e1").identity == make_planning_event(event_id="e1", plan_id="other").identity
    others = [
        make_planning_event(**change)
        for change in ({"case_id": "c"}, {"plan_id": "p"}, {"to_state": "S"}, {"timestamp_ms": 1}, {"event_id": "e"})
    ]
    assert len({other.identity for other in [event, *others]}) == 6


@pytest.mark.parametrize(
    ("from_", "to", "approves"),
    [
        ("DRAFT", "APPROVED", True),
        ("", "approved", True),
        ("APPROVED", "APPROVED", False),
        ("approved", "Approved", False),
        ("APPROVED", "DRAFT", False),
        ("DRAFT", "REVIEW", False),
    ],
)
def test_a_plan_is_approved_when_it_becomes_so(from_: str, to: str, approves: bool) -> None:
    assert make_planning_event(from_state=from_, to_state=to).approves is approves


def test_the_timeline_says_what_happened_to_which_plan() -> None:
    event = make_planning_event(event_id="e1", metadata={"title": " A parser "})
    entry = timeline_entry(event)

    text = "Plan plan-1 went from DRAFT to APPROVED: A parser"
    assert entry == ContextEvent("plan/e1", "case-1", ContextKind.TIMELINE, text, START_MS, "plan-1")
    assert timeline_entry(make_planning_event(from_state="")).text == "Plan plan-1 went to APPROVED"


def test_a_brief_is_what_the_latest_events_say() -> None:
    events: list[PlanningEvent] = [
        make_planning_event(metadata={"title": "Old", "description": "Reads text.", "tasks.DEV": "- Write it"}),
        make_planning_event(
            metadata={
                "title": "A parser",
                "rubric": "clear",
                "requirements": "- must be tested\n\n* must be fast",
                "tasks.DEV": "1 Lexer\n • Parser \n",
                "tasks.QA": " \n-",
            }
        ),
    ]

    assert brief(events) == Brief(
        title="A parser",
        description="Reads text.",
        rubric="clear",
        requirements=("must be tested", "must be fast"),
        tasks={"DEV": ("1 Lexer", "Parser")},
    )
    assert brief([]) == Brief()
