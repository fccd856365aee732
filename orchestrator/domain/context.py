"""A case's context: decisions, timeline and summaries that happened before, as events."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_EVENT_TEXT = 4_000
DEFAULT_EVENTS = 20
# Of the lines of one kind, in UTF-8: three kinds, told twice in an answer, fit the 4 MB that gRPC's clients accept.
MAX_KIND_BYTES = 400_000


class ContextKind(StrEnum):
    """Which part of a case's context an event belongs to."""

    DECISION = "decision"
    TIMELINE = "timeline"
    SUMMARY = "summary"


class InvalidContextEvent(ValueError):
    """An event that is not of the documented form."""


@dataclass(frozen=True)
class ContextEvent:
    """One thing to know of a case. `occurred_at_ms` orders events of a kind."""

    event_id: str
    case_id: str
    kind: ContextKind
    text: str
    occurred_at_ms: int
    scope: str = ""


def parse_event(raw: object) -> ContextEvent:
    """The event in a decoded JSON document. Raises InvalidContextEvent, which says what is wrong with it."""
    if not isinstance(raw, dict):
        raise InvalidContextEvent("not a JSON object")
    texts = {}
    for name in ("event_id", "case_id", "kind", "text"):
        value = raw.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InvalidContextEvent(f"{name} must be a string that is not empty")
        texts[name] = value
    occurred = raw.get("occurred_at_ms")
    if not isinstance(occurred, int) or isinstance(occurred, bool):
        raise InvalidContextEvent("occurred_at_ms must be an integer")
    scope = raw.get("scope", "")
    if not isinstance(scope, str):
        raise InvalidContextEvent("scope must be a string")
    for name, value in (*texts.items(), ("scope", scope)):
        if not is_unicode(value):
            raise InvalidContextEvent(f"{name} has half of a surrogate pair, which no text has")
    if texts["kind"] not in tuple(ContextKind):
        raise InvalidContextEvent(f"kind must be one of {', '.join(ContextKind)}")
    if len(texts["text"]) > MAX_EVENT_TEXT:
        raise InvalidContextEvent(f"text has more than {MAX_EVENT_TEXT} characters")
    return ContextEvent(texts["event_id"], texts["case_id"], ContextKind(texts["kind"]), texts["text"], occurred, scope)


def is_unicode(text: str) -> bool:
    """Whether `text` can be encoded. An escape in JSON can name what is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class ContextSelection:
    """Which events a caller wants: kinds, the newest `max_events` of each (0: a default), scopes (none: all)."""

    timeline: bool = True
    decisions: bool = True
    summaries: bool = True
    max_events: int = 0
    scopes: tuple[str, ...] = ()

    def kinds(self) -> tuple[ContextKind, ...]:
        """The kinds that are wanted, in the order in which a prompt has them."""
        wanted = (
            (self.summaries, ContextKind.SUMMARY),
            (self.decisions, ContextKind.DECISION),
            (self.timeline, ContextKind.TIMELINE),
        )
        return tuple(kind for included, kind in wanted if included)


@dataclass(frozen=True)
class HydratedContext:
    """The text that agents are given, how many events of each kind are in it, and a hash of it."""

    text: str = ""
    decisions: int = 0
    timeline: int = 0
    summaries: int = 0
    digest: str = ""


_HEADINGS = {
    ContextKind.SUMMARY: "Summary",
    ContextKind.DECISION: "Decided",
    ContextKind.TIMELINE: "Happened",
}


def hydrate(events: Mapping[ContextKind, Sequence[ContextEvent]], selection: ContextSelection) -> HydratedContext:
    """The selected events as text: of each kind the newest, as far as MAX_KIND_BYTES go. `events` are oldest first."""
    limit = selection.max_events or DEFAULT_EVENTS
    lines: list[str] = []
    counts = dict.fromkeys(ContextKind, 0)
    for kind in selection.kinds():
        chosen = [e for e in events.get(kind, ()) if not selection.scopes or e.scope in selection.scopes][-limit:]
        told = _that_fit([f"{_HEADINGS[kind]}: {' '.join(event.text.split())}" for event in chosen])
        counts[kind] = len(told)
        lines.extend(told)
    text = "\n".join(lines)
    return HydratedContext(
        text=text,
        decisions=counts[ContextKind.DECISION],
        timeline=counts[ContextKind.TIMELINE],
        summaries=counts[ContextKind.SUMMARY],
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def _that_fit(lines: Sequence[str]) -> Sequence[str]:
    """The last ones, as far as there is room."""
    room = MAX_KIND_BYTES
    for number, line in enumerate(reversed(lines)):
        room -= len(line.encode()) + 1
        if room < 0:
            return lines[len(lines) - number :]
    return lines
