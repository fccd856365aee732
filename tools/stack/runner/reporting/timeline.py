"""When what happened in a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(slots=True)
class Span:
    """A phase of the run. Times are seconds since its start; `end` is None while it lasts."""

    name: str
    start: float
    end: float | None = None

    @property
    def seconds(self) -> float:
        return (self.end if self.end is not None else self.start) - self.start


@dataclass(slots=True)
class ServiceTimes:
    """Milestones of one service, in seconds since the run's start; None for what did not happen.

    `answers` are those to its probe, each when it was given for the first time in a row. With `from_snapshot` it was not
    started from nothing.
    """

    image_ready: float | None = None
    started: float | None = None
    ready: float | None = None
    exited: float | None = None
    from_snapshot: bool = False
    attempts: int = 0
    last_answer: str = ""
    answers: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class Timeline:
    """All phases and services of one run, and what its tests did to the services."""

    clock: Callable[[], float] = time.monotonic
    phases: list[Span] = field(default_factory=list)
    services: dict[str, ServiceTimes] = field(default_factory=dict)
    faults: list[Span] = field(default_factory=list)
    began: float = field(init=False)
    began_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began, self.began_at = self.clock(), datetime.now(UTC)

    def now(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.began

    @contextmanager
    def phase(self, name: str) -> Iterator[Span]:
        """Records how long the block takes, also when it fails."""
        with self._span(self.phases, name) as span:
            yield span

    @contextmanager
    def fault(self, name: str) -> Iterator[Span]:
        """The same for what tests do to services."""
        with self._span(self.faults, name) as span:
            yield span

    @contextmanager
    def _span(self, spans: list[Span], name: str) -> Iterator[Span]:
        span = Span(name, self.now())
        spans.append(span)
        try:
            yield span
        finally:
            span.end = self.now()

    def service(self, name: str) -> ServiceTimes:
        return self.services.setdefault(name, ServiceTimes())

    def document(self) -> dict[str, Any]:
        """For timeline.json."""
        return {
            "began": self.began_at.isoformat(timespec="milliseconds"),
            "seconds": round(self.now(), 3),
            "phases": [{k: _rounded(v) for k, v in asdict(span).items()} for span in self.phases],
            "faults": [{k: _rounded(v) for k, v in asdict(span).items()} for span in self.faults],
            "services": {n: {k: _rounded(v) for k, v in asdict(t).items()} for n, t in self.services.items()},
        }


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
