"""A run as a trace in Chrome's format, for Perfetto (https://ui.perfetto.dev) and chrome://tracing.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.stack.runner.reporting.critical_path import Leg
from tools.stack.runner.reporting.junit import Case
from tools.stack.runner.reporting.resources import Series
from tools.stack.runner.reporting.timeline import ServiceTimes, Span, Timeline

_RUN, _SERVICES, _TESTS = 1, 2, 3  # What the format calls processes: the groups of rows.


def trace(
    timeline: Timeline, path: Sequence[Leg], cases: Sequence[Case], series: Mapping[str, Series]
) -> dict[str, Any]:
    """For trace.json. Rows are grouped as the run (phases, critical path, faults), its services, and its tests."""
    end = timeline.now()
    events = [
        _name("process_name", _RUN, 0, "run"),
        *_row(_RUN, 1, "phases", (_span(span, end) for span in timeline.phases)),
        *_row(
            _RUN,
            2,
            "critical path to ready",
            (_piece(f"{leg.service}: {leg.kind}", leg.start, leg.end) for leg in path),
        ),
        *_row(_RUN, 3, "faults", (_span(span, end) for span in timeline.faults)),
        _name("process_name", _SERVICES, 0, "services"),
        _name("process_name", _TESTS, 0, "tests"),
        *_row(_TESTS, 1, "cases", _cases(timeline, cases)),
    ]
    for row, (name, times) in enumerate(timeline.services.items(), start=1):
        events += _row(_SERVICES, row, name, _service(times, end))
        events += _counters(name, series.get(name, Series()))
    return {"displayTimeUnit": "ms", "traceEvents": events}


def _row(group: int, row: int, name: str, pieces: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield _name("thread_name", group, row, name)
    yield {"ph": "M", "name": "thread_sort_index", "pid": group, "tid": row, "args": {"sort_index": row}}
    for piece in pieces:
        yield {"ph": "X", "pid": group, "tid": row, **piece}


def _service(times: ServiceTimes, end: float) -> Iterator[dict[str, Any]]:
    if times.started is None:
        return
    until = end if times.exited is None else times.exited
    ready = until if times.ready is None else times.ready
    yield _piece(
        "restored from a snapshot" if times.from_snapshot else "starting",
        times.started,
        ready,
        attempts=times.attempts,
        last_answer=times.last_answer,
    )
    answers = times.answers
    for index, (at, text) in enumerate(answers):
        yield _piece(text, at, answers[index + 1][0] if index + 1 < len(answers) else ready, category="probe")
    if times.ready is not None:
        yield _piece("ready", times.ready, until)


def _cases(timeline: Timeline, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    for case in cases:
        if case.began is not None:
            start = case.began - timeline.began_at.timestamp()
            yield _piece(case.name, start, start + case.seconds, category=case.outcome, message=case.message)


def _counters(name: str, series: Series) -> Iterator[dict[str, Any]]:
    for time, memory in zip(series.times, series.memory, strict=True):
        yield _counter(f"{name} memory", time, {"MB": round(memory / 1e6, 1)})
    for time, busy in series.busy_cpus():
        yield _counter(f"{name} cpu", time, {"CPUs": round(busy, 2)})


def _counter(name: str, time: float, values: Mapping[str, float]) -> dict[str, Any]:
    return {"ph": "C", "name": name, "pid": _SERVICES, "ts": round(time * 1e6), "args": values}


def _span(span: Span, end: float) -> dict[str, Any]:
    return _piece(span.name, span.start, end if span.end is None else span.end)


def _piece(name: str, start: float, end: float, category: str = "", **details: object) -> dict[str, Any]:
    piece = {"name": name, "ts": round(start * 1e6), "dur": max(0, round((end - start) * 1e6)), "args": details}
    return {**piece, "cat": category} if category else piece


def _name(kind: str, group: int, row: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": group, "tid": row, "args": {"name": name}}
