"""A run to make pages of: six services, forty tests, two failures, and logs that try to be markup."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.errors import TestsFailedError
from tools.stack.runner.manifest import parse
from tools.stack.runner.reporting.critical_path import critical_path
from tools.stack.runner.reporting.document import Run
from tools.stack.runner.reporting.junit import Case
from tools.stack.runner.reporting.resources import ResourceWatch, Series
from tools.stack.runner.reporting.timeline import Span, Timeline
from tools.stack.tests import samples

HOSTILE = "</script><script>document.title = 'broken out'</script><img src=x onerror=\"document.title='broken out'\">"

# Name, needs, image loaded, started, ready, bytes, processors.
SERVICES = [
    ("nats", (), 1.1, 1.5, 1.8, 21e6, 0.1),
    ("redis", (), 1.0, 1.4, 1.6, 12e6, 0.05),
    ("ray-head", (), 2.9, 3.3, 10.8, 620e6, 0.8),
    ("ray-worker", ("ray-head",), 2.9, 11.2, 16.4, 410e6, 1.2),
    ("vllm", (), 4.6, 5.1, 24.3, 2050e6, 1.9),
    ("orchestrator", ("nats", "redis"), 3.0, 3.4, 25.2, 140e6, 0.3),
]
READY, ENDED, REMOVED = 25.2, 96.0, 97.4
FAILED = {7: "assert 'COMPLETED' == 'FAILED'", 23: "TimeoutError: no answer within 10 s"}


def sample_run(directory: Path) -> Run:
    """The run; its logs are written to `directory`."""
    now = 0.0
    timeline = Timeline(lambda: now)
    entries = [
        {"name": name, "needs": needs, "memory": "4g" if name == "vllm" else "1g", "image_label": f"//images:{name}"}
        for name, needs, *_ in SERVICES
    ]
    manifest = parse(samples.manifest(*entries, tests={"name": "tests", "image": "image"}))
    resources = ResourceWatch(timeline.now)
    for name, _, image, started, ready, memory, cpus in SERVICES:
        times = timeline.service(name)
        times.image_ready, times.started, times.ready = image, started, ready
        times.attempts, times.last_answer = round((ready - started) * 10), "HTTP 200"
        times.answers = [(started, "connection refused"), (ready, "HTTP 200")]
        _take(resources, name, started, memory, cpus)
    tests = timeline.service("tests")
    tests.started, tests.ready, tests.exited = READY + 0.4, READY + 0.4, ENDED
    _take(resources, "tests", READY + 0.4, 90e6, 0.2)
    resources.total_peak = 3_250_000_000
    timeline.phases = [
        Span("prepare", 0, 0.5),
        Span("network", 0.5, 0.8),
        Span("images", 0.5, 4.6),
        Span("start", 0.8, READY),
        Span("tests", READY, ENDED),
        Span("collect", ENDED, 96.6),
        Span("remove", 96.6, REMOVED),
    ]
    timeline.faults = [Span("kill ray-worker", 61, 61.2), Span("start ray-worker", 63, 68)]
    now = REMOVED
    cases = _cases(timeline.began_at)
    failed = [case.name for case in cases if case.outcome == "failed"]
    logs = {name: directory / f"{name}.log" for name in [*timeline.services]}
    for path in logs.values():
        _write_log(path, timeline.began_at)
    return Run(
        manifest,
        timeline,
        resources,
        TestsFailedError(f"{len(failed)} of {len(cases)} tests failed: {', '.join(failed)}", f"the end: {HOSTILE}"),
        [ContainerState("id", name, "running", 0, False, "", 0.0, {}) for name, *_ in SERVICES]
        + [ContainerState("id", "tests", "exited", 1, False, "", 70.0, {})],
        cases,
        critical_path(manifest.services, timeline.services, 0.5, READY),
        logs,
    )


def _take(resources: ResourceWatch, name: str, started: float, memory: float, cpus: float) -> None:
    times = [started + step * 0.5 for step in range(int((ENDED - started) * 2))]
    grown = [memory * (1 - math.exp(-(time - started) / 5)) * (1 + 0.04 * math.sin(time)) for time in times]
    used, total = [], 0.0
    for time in times:
        total += 0.5 * cpus * (0.55 + 0.45 * math.sin(time / 3) ** 3)
        used.append(total)
    resources.series[name] = Series(times, [round(value) for value in grown], used)
    resources.peaks[name] = round(max(grown))


def _cases(began_at: datetime) -> list[Case]:
    cases, at = [], READY + 2.5
    for number in range(40):
        seconds = 0.3 + (number * 7 % 11) * 0.28
        outcome = "failed" if number in FAILED else "skipped" if number == 30 else "passed"
        name = f"e2e.suite.test_deliberations::test_case_{number}_of_a_deliberation_with_a_long_name[{number % 3}]"
        details = f"def test_case():\n>   {FAILED[number]}\nE   {HOSTILE}" if number in FAILED else ""
        began = began_at.timestamp() + at
        cases.append(Case(name, outcome, seconds, began, FAILED.get(number, ""), details))
        at += seconds
    return cases


def _write_log(path: Path, began_at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{(began_at + timedelta(seconds=2 + number * 0.37)).isoformat()} INFO {path.stem} says line {number}: "
        f"{HOSTILE if number % 40 == 7 else 'a step was taken and its answer stored ' * (1 + number % 4)}\n"
        for number in range(250)
    ]
    path.write_text("".join(lines))
