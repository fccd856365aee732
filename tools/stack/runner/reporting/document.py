"""Everything that the page shows of a run, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.errors import StackError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.reporting.critical_path import Leg
from tools.stack.runner.reporting.junit import Case
from tools.stack.runner.reporting.log_spans import LogSpan, fill
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline

# Lines of each container that are shown of a span: of what went well, and of the rest.
_FEW_LINES, _MANY_LINES = 50, 400
# Characters of logs on one page, all together; tests that failed come first.
_MOST_LOG = 4_000_000
_MOST_DETAILS = 30_000


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run when it is over. `logs` has the plain log of each container."""

    manifest: Manifest
    timeline: Timeline
    resources: ResourceWatch
    failure: BaseException | None = None
    states: Sequence[ContainerState] = ()
    cases: Sequence[Case] = ()
    path: Sequence[Leg] = ()
    logs: Mapping[str, Path] = field(default_factory=dict)


def document(run: Run) -> dict[str, Any]:
    """The data of report.html. Times are seconds since the run's start, sizes bytes."""
    timeline, failure = run.timeline, run.failure
    end = timeline.now()
    return {
        "stack": run.manifest.label,
        "began": timeline.began_at.isoformat(timespec="seconds"),
        "seconds": round(end, 3),
        "failure": None if failure is None else str(failure) or type(failure).__name__,
        "evidence": failure.evidence if isinstance(failure, StackError) else "",
        "phases": _spans(timeline.phases, end),
        "faults": _spans(timeline.faults, end),
        "path": [asdict(leg) for leg in run.path],
        "services": [_service(run, name) for name in _names(run)],
        "total_peak": run.resources.total_peak,
        **_tests_and_logs(run),
    }


def _names(run: Run) -> list[str]:
    """The services in the order in which they started, then those that did not."""
    times = run.timeline.services
    names = [service.name for service in run.manifest.services]
    if run.manifest.tests and run.manifest.tests.name in times:
        names.append(run.manifest.tests.name)
    return sorted(names, key=lambda name: _started(run, name))


def _started(run: Run, name: str) -> float:
    started = run.timeline.services[name].started if name in run.timeline.services else None
    return float("inf") if started is None else started


def _service(run: Run, name: str) -> dict[str, Any]:
    tests = run.manifest.tests
    declared = tests if tests and tests.name == name else run.manifest.service(name)
    times = run.timeline.services.get(name)
    series = run.resources.series.get(name)
    state = next((state for state in run.states if state.service == name), None)
    return {
        "name": name,
        "tests": declared is tests,
        "image": declared.image_label,
        "needs": declared.needs,
        "limit": declared.memory,
        "times": asdict(times) if times else {},
        "exit": None if state is None or state.running else {"code": state.exit_code, "oom": state.oom_killed},
        "peak": run.resources.peaks.get(name, 0),
        "oom_kills": run.resources.oom_kills.get(name, 0),
        "memory": list(zip(series.times, series.memory, strict=True)) if series else [],
        "cpu": [(time, round(busy, 2)) for time, busy in series.busy_cpus()] if series else [],
        "cpu_seconds": round(series.used_cpu(), 1) if series else 0,
        "log": f"logs/{name}.log" if name in run.logs else "",
    }


def _tests_and_logs(run: Run) -> dict[str, Any]:
    """The cases, each with the lines of its span, and the spans before and after them."""
    began = run.timeline.began_at.timestamp()
    cases = sorted(run.cases, key=lambda case: case.began or 0.0)
    known = [case for case in cases if case.began is not None]
    tests = next((span.start for span in run.timeline.phases if span.name == "tests"), None)
    first = LogSpan(0.0, _MANY_LINES)
    before = [] if tests is None else [LogSpan(tests, _FEW_LINES if known else _MANY_LINES)]
    of_cases = {id(case): LogSpan((case.began or 0.0) - began, _lines_for(case)) for case in known}
    after = [LogSpan((known[-1].began or 0.0) + known[-1].seconds - began, _FEW_LINES)] if known else []
    fill([first, *before, *of_cases.values(), *after], run.logs, began)
    _cut_to(_MOST_LOG, [first, *_worst_first(known, of_cases), *before, *after])
    return {
        "cases": [_case(case, began, of_cases.get(id(case))) for case in cases],
        "logs": [
            {"title": title, **_lines(span)}
            for title, spans in (
                ("While the stack started", [first]),
                ("Before the first test", before),
                ("After the last test", after),
            )
            for span in spans
        ],
    }


def _worst_first(cases: Sequence[Case], spans: Mapping[int, LogSpan]) -> list[LogSpan]:
    return [spans[id(case)] for case in sorted(cases, key=_went_well)]


def _went_well(case: Case) -> bool:
    return case.outcome in ("passed", "skipped")


def _lines_for(case: Case) -> int:
    return _FEW_LINES if _went_well(case) else _MANY_LINES


def _cut_to(most: int, spans: Sequence[LogSpan]) -> None:
    """Empties the spans that come after `most` characters."""
    for span in spans:
        most -= span.characters
        if most < 0:
            for line in span.lines:
                span.left_out[line.service] = span.left_out.get(line.service, 0) + 1
            span.lines.clear()


def _case(case: Case, began: float, span: LogSpan | None) -> dict[str, Any]:
    return {
        "name": case.name,
        "outcome": case.outcome,
        "seconds": case.seconds,
        "start": None if case.began is None else round(case.began - began, 3),
        "message": case.message,
        "details": case.details[-_MOST_DETAILS:],
        **(_lines(span) if span else {"lines": [], "left_out": {}}),
    }


def _lines(span: LogSpan) -> dict[str, Any]:
    return {"lines": [(line.time, line.service, line.text) for line in span.lines], "left_out": span.left_out}


def _spans(spans: Sequence[Any], end: float) -> list[dict[str, Any]]:
    return [{"name": span.name, "start": span.start, "end": end if span.end is None else span.end} for span in spans]
