"""What all containers said within each span of a run, bounded."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from pathlib import Path

_HEAD_BYTES = 2 << 20
_TAIL_BYTES = 8 << 20
_MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a container's log. `time` is in seconds since the run's start."""

    time: float
    service: str
    text: str


@dataclass(slots=True)
class LogSpan:
    """A span of time, in seconds since the run's start, that keeps the last `most` lines of each container.

    `left_out` counts the others, as far as they were read.
    """

    start: float
    most: int
    lines: list[Line] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        return sum(len(line.text) for line in self.lines)


def fill(spans: Sequence[LogSpan], logs: Mapping[str, Path], began: float) -> None:
    """Gives each line to the span in which it was written, in the order of time.

    `spans` follow each other: each lasts until the next begins. `logs` has the plain log ("TIME TEXT") of each service;
    of a very long one beginning and end are read. `began` is the run's start, in seconds since the epoch.
    """
    if not spans:
        return
    starts = list(accumulate((span.start for span in spans), max))
    for service, path in logs.items():
        kept: dict[int, deque[Line]] = {}
        for line in _read(path, service, began):
            index = max(0, bisect_right(starts, line.time) - 1)
            span = spans[index]
            lines = kept.setdefault(index, deque(maxlen=span.most))
            if len(lines) == span.most:
                span.left_out[service] = span.left_out.get(service, 0) + 1
            lines.append(line)
        for index, lines in kept.items():
            spans[index].lines += lines
    for span in spans:
        span.lines.sort(key=lambda line: line.time)


def _read(path: Path, service: str, began: float) -> Iterator[Line]:
    time = 0.0
    for raw in _raw_lines(path):
        stamp, _, text = raw.decode(errors="replace").rstrip("\n").partition(" ")
        try:
            time = datetime.fromisoformat(stamp).timestamp() - began
        except ValueError:  # A carriage return or the like within a line: it belongs to the one before.
            text = f"{stamp} {text}"
        yield Line(round(time, 3), service, text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} …")


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size <= _HEAD_BYTES + _TAIL_BYTES:
                yield from file
                return
            while file.tell() < _HEAD_BYTES:
                yield file.readline()
            file.seek(-_TAIL_BYTES, 2)
            file.readline()
            yield from file
    except FileNotFoundError:
        return
