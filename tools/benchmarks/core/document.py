"""Results as data: benchmarks.json, and what the page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tools.benchmarks.core.claims import Verdict, judge
from tools.benchmarks.core.machine import Machine
from tools.benchmarks.core.results import Measured, Results
from tools.benchmarks.core.summary import Summary
from tools.benchmarks.core.table import claim_text

VERSION = 1


@dataclass(frozen=True, slots=True)
class Run:
    """When and on what benchmarks ran. `commit` is of the repository."""

    began: datetime
    machine: Machine
    commit: str
    short: bool


def document(run: Run, results: Sequence[Results]) -> dict[str, Any]:
    """All of it, as JSON has it."""
    return {
        "version": VERSION,
        "began": run.began.isoformat(timespec="seconds"),
        "commit": run.commit,
        "short": run.short,
        "machine": asdict(run.machine),
        "benchmarks": [_benchmark(each) for each in results],
    }


def _benchmark(results: Results) -> dict[str, Any]:
    benchmark = results.benchmark
    return {
        "name": benchmark.name,
        "title": benchmark.title,
        "seconds": round(results.seconds, 1),
        "load": round(results.load, 2),
        "failure": results.failure,
        "metrics": [
            {"name": m.name, "title": m.title, "unit": m.unit, "better": m.better.value} for m in benchmark.metrics
        ],
        "variants": [
            {"name": v.name, "what": v.what, **_measured(results.variants[v.name], [m.name for m in benchmark.metrics])}
            for v in benchmark.variants
        ],
        "claims": [_verdict(verdict, results) for verdict in judge(results)],
    }


def _measured(measured: Measured, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "left_out": measured.left_out,
        "failures": measured.failures,
        "metrics": {
            name: {**_summary(summary), "values": [_rounded(value) for value in measured.values(name)]}
            for name in metrics
            if (summary := measured.summary(name))
        },
    }


def _verdict(verdict: Verdict, results: Results) -> dict[str, Any]:
    claim = verdict.claim
    return {
        "text": claim_text(verdict, results.benchmark),
        "metric": claim.metric,
        "ours": claim.ours,
        "baseline": claim.baseline or None,
        "at_least": claim.at_least,
        "at_most": claim.at_most,
        "judgement": verdict.judgement.value,
        "value": _summary(verdict.value) if verdict.value else None,
        "reason": verdict.reason,
    }


def _summary(summary: Summary) -> dict[str, float]:
    return {name: _rounded(value) for name, value in asdict(summary).items()}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
