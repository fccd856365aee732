"""How the services of a stack are, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Of a service; the value is what a person reads."""

    WAITING = "waiting"  # Its container is still to be started.
    STARTING = "starting"  # It runs, and is not ready yet.
    READY = "ready"
    FAILING = "not ready"  # It was ready, and does not answer as it should now.
    REPLACING = "replaced"  # Somebody puts another container in its place.
    DONE = "done"  # A task's end.
    ENDED = "ended"


# ECMA-48's foreground colours.
_CODES = {State.READY: "32", State.DONE: "32", State.ENDED: "31", State.FAILING: "31", State.WAITING: "2"}
_OTHERS = "33"


@dataclass(frozen=True, slots=True)
class Row:
    """One service: for how many seconds it has been in that state, bytes of memory, what it said last."""

    name: str
    state: State
    seconds: float
    memory: int
    answer: str


def table(rows: Sequence[Row], color: bool = False) -> tuple[list[str], list[str]]:
    """The lines, the last for all together, and the colour code of each. What may be long stands last in its line."""
    names = max((len(row.name) for row in rows), default=0)
    states = max(len(state.value) for state in State)
    lines = [
        f"{row.name:<{names}}  {row.state.value:<{states}} {_time(row.seconds)} {_size(row.memory):>8}  {row.answer}".rstrip()
        for row in rows
    ]
    settled = sum(row.state in (State.READY, State.DONE) for row in rows)
    total = f"{settled} of {len(rows)} ready"
    memory = _size(sum(row.memory for row in rows))
    lines.append(f"{total:<{names + 2 + states}} {'':>7} {memory:>8}")
    return lines, [_CODES.get(row.state, _OTHERS) for row in rows] if color else []


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:5.0f} s"
    return f"{seconds / 60:3.0f} min" if seconds < 6000 else f"{seconds / 3600:5.0f} h"


def _size(count: int) -> str:
    if not count:
        return "-"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
