"""Whether what is claimed holds."""

from __future__ import annotations

import pytest

from tools.benchmarks.core.benchmark import Claim, LeftOut, Variant
from tools.benchmarks.core.claims import Judgement, Verdict, judge
from tools.benchmarks.core.summary import Summary
from tools.benchmarks.tests.samples import benchmark, measured, variant


def verdict(claim: Claim, *variants: Variant, rounds: int = 3) -> Verdict:
    (found,) = judge(measured(benchmark(*variants, claims=[claim]), rounds))
    return found


def test_of_many_values_the_median_counts_and_the_spread_is_kept() -> None:
    assert Summary.of([3.0, 1.0, 100.0]) == Summary(3.0, 1.0, 100.0)
    assert Summary.of([1.0, 2.0]) == Summary(1.5, 1.0, 2.0)
    with pytest.raises(ValueError, match="no values"):
        Summary.of([])


def test_a_ratio_is_one_of_medians_with_the_spread_of_the_rounds() -> None:
    claim = Claim("time", baseline="theirs", ours="ours", at_least=3)
    found = verdict(claim, variant("theirs", 40.0, 30.0, 32.0), variant("ours", 10.0, 8.0, 2.0))
    assert found.judgement is Judgement.MET
    assert found.value == Summary(4.0, 3.75, 16.0)


def test_where_more_is_better_the_ratio_is_the_other_way_round() -> None:
    claim = Claim("rate", baseline="bare", ours="ours", at_least=0.95)
    bare, ours = variant("bare", 100.0, metric="rate"), variant("ours", 90.0, metric="rate")
    found = verdict(claim, bare, ours, rounds=1)
    assert found.judgement is Judgement.MISSED
    assert found.value == Summary(0.9, 0.9, 0.9)


@pytest.mark.parametrize(
    ("claim", "judgement"),
    [
        (Claim("time", ours="ours", at_most=8), Judgement.MET),
        (Claim("time", ours="ours", at_most=7.9), Judgement.MISSED),
        (Claim("time", ours="ours", at_most=0), Judgement.MISSED),
        (Claim("time", ours="ours", at_least=8), Judgement.MET),
        (Claim("time", ours="ours", at_least=8.1), Judgement.MISSED),
    ],
)
def test_without_a_baseline_the_value_itself_is_judged(claim: Claim, judgement: Judgement) -> None:
    assert verdict(claim, variant("ours", 10.0, 8.0, 2.0)).judgement is judgement


def test_failed_rounds_are_no_part_of_a_ratio() -> None:
    claim = Claim("time", baseline="theirs", ours="ours", at_least=3)
    found = verdict(claim, variant("theirs", 40.0, OSError("no"), 20.0), variant("ours", 10.0, 1.0, 10.0))
    assert found.value == Summary(3.0, 2.0, 4.0)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (variant("theirs", LeftOut("no criu")), "no criu"),
        (variant("theirs", OSError("it broke")), "it broke"),
        (variant("theirs", 1.0, metric="rate"), "no time"),
    ],
)
def test_a_claim_without_values_is_not_judged_and_says_why(theirs: Variant, reason: str) -> None:
    claim = Claim("time", baseline="theirs", ours="ours", at_least=3)
    found = verdict(claim, theirs, variant("ours", 1.0), rounds=1)
    assert found.judgement is Judgement.UNKNOWN
    assert found.value is None
    assert reason in found.reason


def test_nothing_is_divided_by_zero() -> None:
    claim = Claim("time", baseline="theirs", ours="ours", at_least=3)
    found = verdict(claim, variant("theirs", 1.0), variant("ours", 0.0), rounds=1)
    assert found.judgement is Judgement.UNKNOWN
    found = verdict(claim, variant("theirs", 1.0, 2.0, 4.0), variant("ours", 0.0, 1.0, 1.0))
    assert found.value == Summary(2.0, 2.0, 4.0)
