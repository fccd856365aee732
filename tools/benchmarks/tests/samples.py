"""Benchmarks without anything behind them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.benchmarks.core.benchmark import Benchmark, Better, Claim, LeftOut, Measure, Metric, Setting, Variant
from tools.benchmarks.core.document import Run
from tools.benchmarks.core.machine import Machine
from tools.benchmarks.core.measure import measure
from tools.benchmarks.core.results import Results
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.reporting.timeline import Timeline

HOSTILE = "</script><script>document.title = 'broken out'</script><img src=x onerror=\"document.title='broken out'\">"
TIME = Metric("time", "time to ready")
RATE = Metric("rate", "steps per second", "steps/s", Better.HIGHER)
RUN = Run(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Machine(2, 24 << 30, "Some CPU", "6.1.0"), "0123456789ab+", False)


def scripted(answers: Iterable[Mapping[str, float] | Exception], journal: list[str] | None = None) -> Measure:
    """A measurement that gives these answers, one after the other."""
    left = iter(answers)

    async def give(_: Setting) -> Mapping[str, float]:
        answer = next(left)
        if journal is not None:
            journal.append("")
        if isinstance(answer, Exception):
            raise answer
        return answer

    return give


def variant(name: str, *answers: float | Exception, metric: str = "time") -> Variant:
    """A variant whose only metric has these values."""
    given = [answer if isinstance(answer, Exception) else {metric: answer} for answer in answers]
    return Variant(name, f"what {name} is", scripted(given))


def benchmark(*variants: Variant, claims: Sequence[Claim] = (), **attributes: object) -> Benchmark:
    """A benchmark of both metrics."""
    return Benchmark("sample", "A sample", [TIME, RATE], variants, claims, **attributes)  # type: ignore[arg-type]


def measured(bench: Benchmark, rounds: int, log: io.StringIO | None = None, *, short: bool = False) -> Results:
    """Its results."""
    return asyncio.run(measure(bench, rounds, Progress(Timeline(), log or io.StringIO()), short=short))


def sample_results() -> list[Results]:
    """Two benchmarks: with claims of all kinds, a failure, something left out; one that could not be prepared."""
    first = benchmark(
        variant("compose", 40.0, 44.0, 42.0),
        variant("ours", 10.0, 9.0, 12.5),
        variant("odd", 11.0, RuntimeError(f"no answer {HOSTILE}"), 12.0),
        variant("snapshot", LeftOut("there is no criu")),
        variant("steps", 312.0, 330.5, 298.7, metric="rate"),
        claims=[
            Claim("time", baseline="compose", ours="ours", at_least=3),
            Claim("time", baseline="compose", ours="snapshot", at_least=6),
            Claim("time", ours="ours", at_most=8),
            Claim("rate", ours="steps", at_least=300),
        ],
    )
    second = Benchmark("broken", "Another", [TIME], [variant("one", 1.0)])
    return [measured(first, 3), Results(second, {"one": measured(second, 0).variants["one"]}, "no podman", 1.0)]


def read(directory: Path, name: str) -> str:
    """The text of a file."""
    return (directory / name).read_text()
