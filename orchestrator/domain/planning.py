"""Plans: how their states change, as events, and what the events say of the work to do.

What `metadata` may hold is documented in orchestrator/README.md. Later events of a plan override earlier ones.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.domain.bounds import bad_labels, out_of_range, too_long
from orchestrator.domain.context import ContextEvent, ContextKind, is_unicode
from orchestrator.domain.errors import FieldViolation, InvalidRequest

APPROVED = "APPROVED"

MAX_ID = 128
_MAX_LABELS = 50
_MAX_LABEL = 4_000
_MAX_METADATA = 32_000
_MAX_TITLE = 200
# The end of the year 9999, in milliseconds since the epoch.
_LATEST_MS = 253_402_300_799_999

_TASKS = "tasks."


@dataclass(frozen=True)
class PlanningEvent:
    """A plan of a case went from one state to another, at `timestamp_ms` since the epoch."""

    event_type: str
    case_id: str
    plan_id: str
    from_state: str
    to_state: str
    timestamp_ms: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    event_id: str = ""

    @property
    def identity(self) -> str:
        """The same for the same event: its own id, or else what happened to which plan when."""
        if self.event_id:
            return self.event_id
        what = json.dumps([self.case_id, self.plan_id, self.to_state, self.timestamp_ms])
        return hashlib.sha256(what.encode()).hexdigest()[:32]

    @property
    def approves(self) -> bool:
        """Whether the plan became approved."""
        return self.to_state.upper() == APPROVED != self.from_state.upper()


@dataclass(frozen=True)
class Brief:
    """What is known of a plan's work: `tasks` has for each role what it is to do, where that was said."""

    title: str = ""
    description: str = ""
    rubric: str = ""
    requirements: tuple[str, ...] = ()
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def validate_event(event: PlanningEvent) -> None:
    """Raises InvalidRequest that names the offending fields."""
    if violations := [*_violations(event)]:
        raise InvalidRequest(violations)


def parse_planning_event(raw: object) -> PlanningEvent:
    """The event in a decoded JSON document. Raises InvalidRequest that names the offending fields."""
    if not isinstance(raw, dict):
        raise InvalidRequest([FieldViolation("", "must be a JSON object")])
    texts = {
        name: raw.get(name, "") for name in ("event_type", "case_id", "plan_id", "from_state", "to_state", "event_id")
    }
    timestamp_ms, metadata = raw.get("timestamp_ms", 0), raw.get("metadata", {})
    faults = [FieldViolation(name, "must be text") for name, text in texts.items() if not _is_text(text)]
    if not isinstance(timestamp_ms, int) or isinstance(timestamp_ms, bool):
        faults.append(FieldViolation("timestamp_ms", "must be an integer"))
    if not isinstance(metadata, dict) or not all(map(_is_text, (*metadata, *metadata.values()))):
        faults.append(FieldViolation("metadata", "must have text as its values"))
    if faults:
        raise InvalidRequest(faults)
    event = PlanningEvent(**texts, timestamp_ms=timestamp_ms, metadata=metadata)
    validate_event(event)
    return event


def timeline_entry(event: PlanningEvent) -> ContextEvent:
    """The event as the case's timeline has it, with the plan's id as its scope."""
    title = event.metadata.get("title", "").strip()[:_MAX_TITLE]
    from_ = f" from {event.from_state}" if event.from_state else ""
    text = f"Plan {event.plan_id} went{from_} to {event.to_state}" + (f": {title}" if title else "")
    return ContextEvent(
        f"plan/{event.identity}", event.case_id, ContextKind.TIMELINE, text, event.timestamp_ms, event.plan_id
    )


def brief(events: Sequence[PlanningEvent]) -> Brief:
    """What the events of a plan, oldest first, say of its work."""
    known: dict[str, str] = {}
    for event in events:
        known.update(event.metadata)
    return Brief(
        title=known.get("title", "").strip()[:_MAX_TITLE],
        description=known.get("description", "").strip(),
        rubric=known.get("rubric", "").strip(),
        requirements=_lines(known.get("requirements", "")),
        tasks={
            name.removeprefix(_TASKS): lines
            for name, text in known.items()
            if name.startswith(_TASKS) and (lines := _lines(text))
        },
    )


def _lines(text: str) -> tuple[str, ...]:
    """The lines of `text` that say something, without the marks of a list."""
    lines = (line.strip().lstrip("-*•").strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and is_unicode(value)


def _violations(event: PlanningEvent) -> Iterator[FieldViolation]:
    for name in ("event_type", "case_id", "plan_id", "to_state"):
        if not getattr(event, name).strip():
            yield FieldViolation(name, "must not be empty")
    for name in ("event_type", "case_id", "plan_id", "from_state", "to_state", "event_id"):
        yield from too_long(name, getattr(event, name), MAX_ID)
    yield from out_of_range("timestamp_ms", event.timestamp_ms, 1, _LATEST_MS)
    yield from bad_labels("metadata", event.metadata, _MAX_LABELS, _MAX_LABEL)
    characters = sum(len(key) + len(value) for key, value in event.metadata.items())
    if characters > _MAX_METADATA:
        yield FieldViolation("metadata", f"has {characters} characters in all, more than {_MAX_METADATA}")
