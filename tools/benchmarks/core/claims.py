"""Whether what is claimed holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tools.benchmarks.core.benchmark import Better, Claim
from tools.benchmarks.core.results import Measured, Results
from tools.benchmarks.core.summary import Summary


class Judgement(Enum):
    """`UNKNOWN` is where there is nothing to judge by."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "not judged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim, and what became of it.

    `value` is a ratio of medians, with the lowest and the highest ratio of a round as its spread; for a claim without a
    baseline it is the metric's own. None where the claim can't be judged; `reason` says why.
    """

    claim: Claim
    judgement: Judgement
    value: Summary | None = None
    reason: str = ""


def judge(results: Results) -> list[Verdict]:
    """A verdict for each claim of the benchmark."""
    return [_judge(claim, results) for claim in results.benchmark.claims]


def _judge(claim: Claim, results: Results) -> Verdict:
    needed = [claim.ours, *([claim.baseline] if claim.baseline else [])]
    for name in needed:
        if results.variants[name].summary(claim.metric) is None:
            return Verdict(claim, Judgement.UNKNOWN, None, _why_none(name, claim, results))
    value = _ratio(claim, results) if claim.baseline else results.variants[claim.ours].summary(claim.metric)
    if value is None:
        return Verdict(claim, Judgement.UNKNOWN, None, f"{claim.metric} is 0, and nothing can be divided by it")
    holds = value.median >= claim.at_least if claim.at_least is not None else value.median <= (claim.at_most or 0.0)
    return Verdict(claim, Judgement.MET if holds else Judgement.MISSED, value)


def _why_none(name: str, claim: Claim, results: Results) -> str:
    measured = results.variants[name]
    if results.failure:
        return results.failure
    if measured.left_out:
        return f"{name} was left out: {measured.left_out}"
    if measured.failures:
        return f"{name} failed: {measured.failures[-1]}"
    return f"{name} has no {claim.metric}"


def _ratio(claim: Claim, results: Results) -> Summary | None:
    """How many times better ours is; None where that can't be said."""
    ours, baseline = results.variants[claim.ours], results.variants[claim.baseline]
    lower = results.benchmark.metric(claim.metric).better is Better.LOWER
    above, below = (baseline, ours) if lower else (ours, baseline)
    top, bottom = above.summary(claim.metric), below.summary(claim.metric)
    if top is None or bottom is None or bottom.median == 0:
        return None
    median = top.median / bottom.median
    pairs = _ratios_by_round(above, below, claim.metric) or [median]
    return Summary(median, min(*pairs, median), max(*pairs, median))


def _ratios_by_round(above: Measured, below: Measured, metric: str) -> list[float]:
    numbers = range(min(len(above.rounds), len(below.rounds)))
    pairs = [(above.value(metric, number), below.value(metric, number)) for number in numbers]
    return [top / bottom for top, bottom in pairs if top is not None and bottom]
