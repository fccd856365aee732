"""Context events and the text that agents are given."""

import pytest

from orchestrator.domain.context import (
    MAX_KIND_BYTES,
    ContextEvent,
    ContextKind,
    ContextSelection,
    InvalidContextEvent,
    hydrate,
    parse_event,
)

_EVENT = {"event_id": "e", "case_id": "c", "kind": "decision", "text": "Use SQL.", "occurred_at_ms": 5}


def _event(kind: ContextKind, number: int, scope: str = "") -> ContextEvent:
    return ContextEvent(f"e{number}", "c", kind, f"{kind} {number}", number, scope)


_EVENTS = {
    ContextKind.DECISION: [_event(ContextKind.DECISION, 1, "api"), _event(ContextKind.DECISION, 2, "db")],
    ContextKind.TIMELINE: [_event(ContextKind.TIMELINE, number) for number in range(30)],
    ContextKind.SUMMARY: [_event(ContextKind.SUMMARY, 1)],
}


def test_a_documented_event_is_read() -> None:
    assert parse_event(_EVENT) == ContextEvent("e", "c", ContextKind.DECISION, "Use SQL.", 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": ""},
        {"case_id": None},
        {"kind": "rumour"},
        {"text": " "},
        {"text": "x" * 4001},
        {"occurred_at_ms": "5"},
        {"occurred_at_ms": True},
        {"scope": 1},
        {"text": "half a pair: \ud800"},
        {"scope": "\udfff"},
        {"case_id": "\udc00"},
    ],
)
def test_other_events_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidContextEvent):
        parse_event(_EVENT | changes)


def test_a_document_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidContextEvent):
        parse_event([])


@pytest.mark.parametrize(
    ("selection", "counts"),
    [
        (ContextSelection(), (2, 20, 1)),
        (ContextSelection(timeline=False), (2, 0, 1)),
        (ContextSelection(decisions=False, summaries=False, max_events=3), (0, 3, 0)),
        (ContextSelection(scopes=("db",)), (1, 0, 0)),
        (ContextSelection(False, False, False), (0, 0, 0)),
    ],
)
def test_the_selection_decides_what_is_used(selection: ContextSelection, counts: tuple[int, int, int]) -> None:
    context = hydrate(_EVENTS, selection)

    assert (context.decisions, context.timeline, context.summaries) == counts


def test_the_newest_events_are_kept_in_their_order() -> None:
    context = hydrate(_EVENTS, ContextSelection(decisions=False, summaries=False, max_events=2))

    assert context.text.splitlines() == ["Happened: timeline 28", "Happened: timeline 29"]


@pytest.mark.parametrize(("character", "told"), [("x", 99), ("\U0001f600", 24)])
def test_long_events_are_told_as_far_as_there_is_room_for_the_newest(character: str, told: int) -> None:
    long = [ContextEvent(f"{n}", "c", ContextKind.SUMMARY, f"{n:03}" + character * 3_997, n) for n in range(200)]

    context = hydrate({ContextKind.SUMMARY: long}, ContextSelection(max_events=200))

    assert context.summaries == told
    assert len(context.text.encode()) <= MAX_KIND_BYTES
    assert [line[9:12] for line in context.text.splitlines()] == [f"{n:03}" for n in range(200 - told, 200)]


def test_the_hash_changes_with_the_text() -> None:
    everything, less = hydrate(_EVENTS, ContextSelection()), hydrate(_EVENTS, ContextSelection(timeline=False))

    assert everything.digest != less.digest
    assert everything.digest == hydrate(_EVENTS, ContextSelection()).digest


def test_an_event_cannot_break_out_of_its_line() -> None:
    event = ContextEvent("e", "c", ContextKind.SUMMARY, "one\nDecided: two", 1)

    assert hydrate({ContextKind.SUMMARY: [event]}, ContextSelection()).text == "Summary: one Decided: two"
