"""Keeping what happened in a case."""

import json

import pytest

from orchestrator.application.context import KeepContextEvent
from orchestrator.application.ports import UnreadableMessage
from orchestrator.domain.context import ContextKind
from orchestrator.testing.stage import Stage

_EVENT = {"event_id": "e1", "case_id": "case", "kind": "decision", "text": "Use SQL.", "occurred_at_ms": 5}


async def test_an_event_is_kept_once() -> None:
    contexts = Stage().contexts
    keep = KeepContextEvent(contexts)

    for _ in range(2):
        await keep("context.decision", json.dumps(_EVENT).encode())

    assert [event.text for event in (await contexts.read("case"))[ContextKind.DECISION]] == ["Use SQL."]


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", json.dumps(_EVENT | {"kind": "x"}).encode(), b"[" * 9999])
async def test_what_is_not_an_event_is_said_to_be_unreadable(data: bytes) -> None:
    contexts = Stage().contexts

    with pytest.raises(UnreadableMessage):
        await KeepContextEvent(contexts)("context.decision", data)

    assert not any((await contexts.read("case")).values())


async def test_the_newest_events_stay() -> None:
    contexts = Stage().contexts
    contexts._keep = 2
    for number in (3, 1, 2):
        event = _EVENT | {"event_id": str(number), "text": f"number {number}", "occurred_at_ms": number}
        await KeepContextEvent(contexts)("context.x", json.dumps(event).encode())

    assert [event.text for event in (await contexts.read("case"))[ContextKind.DECISION]] == ["number 2", "number 3"]
