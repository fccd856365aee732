"""Results as text."""

from __future__ import annotations

from collections.abc import Sequence

from tools.benchmarks.core.benchmark import Benchmark, Metric
from tools.benchmarks.core.claims import Verdict, judge
from tools.benchmarks.core.results import Results
from tools.benchmarks.core.summary import Summary

_MARKS = {"met": "met", "missed": "MISSED", "not judged": "not judged"}


def number_text(value: float) -> str:
    """A number with three digits that count, and never less than the whole ones."""
    size = abs(value)
    digits = 0 if size >= 99.95 or not size else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return f"{value:,.{digits}f}"


def value_text(value: float, metric: Metric) -> str:
    """A value with its unit."""
    return f"{number_text(value)} {metric.unit}".rstrip()


def spread_text(summary: Summary) -> str:
    """From the lowest to the highest value."""
    return f"{number_text(summary.low)}..{number_text(summary.high)}"


def claim_text(verdict: Verdict, benchmark: Benchmark) -> str:
    """What is claimed, in words."""
    claim, metric = verdict.claim, benchmark.metric(verdict.claim.metric)
    if claim.baseline:
        lower = metric.better.value == "lower"
        sides = (claim.baseline, claim.ours) if lower else (claim.ours, claim.baseline)
        return f"{metric.title}: {sides[0]} ÷ {sides[1]} ≥ {claim.at_least:g}"
    limit = f"≥ {claim.at_least:g}" if claim.at_least is not None else f"≤ {claim.at_most:g}"
    return f"{metric.title}: {claim.ours} {limit} {metric.unit}".rstrip()


def verdict_text(verdict: Verdict, benchmark: Benchmark) -> str:
    """What became of a claim, in one line."""
    text = f"{_MARKS[verdict.judgement.value]}: {claim_text(verdict, benchmark)}"
    if verdict.value is None:
        return f"{text} ({verdict.reason})"
    value = verdict.value
    return f"{text}: {number_text(value.median)} ({spread_text(value)})"


def table(results: Results) -> str:
    """All that was measured, and the claims; for a terminal."""
    benchmark = results.benchmark
    rows: list[Sequence[str]] = [("METRIC", "VARIANT", "MEDIAN", "SPREAD", "ROUNDS")]
    for metric in benchmark.metrics:
        for variant in benchmark.variants:
            measured = results.variants[variant.name]
            summary = measured.summary(metric.name)
            if summary:
                count = str(len(measured.values(metric.name)))
                rows.append(
                    (metric.title, variant.name, value_text(summary.median, metric), spread_text(summary), count)
                )
    lines = [f"{benchmark.title} ({results.seconds:.0f} s)", *(_aligned(rows) if len(rows) > 1 else [])]
    for name, measured in results.variants.items():
        if measured.left_out:
            lines.append(f"left out: {name}: {measured.left_out}")
        lines += [f"failed: {name}: {reason}" for reason in measured.failures]
    lines += [f"failed: {results.failure}"] if results.failure else []
    lines += [verdict_text(verdict, benchmark) for verdict in judge(results)]
    return "\n".join(lines)


def times(results: Sequence[Results]) -> str:
    """How long benchmarks took, and all together; in one line."""
    each = ", ".join(f"{result.benchmark.name} {result.seconds:.0f} s" for result in results)
    return f"took {sum(result.seconds for result in results):.0f} s: {each}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
