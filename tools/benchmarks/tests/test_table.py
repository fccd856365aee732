"""Results as text."""

from __future__ import annotations

import pytest

from tools.benchmarks.core.table import number_text, table, times
from tools.benchmarks.tests.samples import sample_results


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.012"),
        (0.9996, "1.00"),
        (1.234, "1.23"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (99.96, "100"),
        (12345.6, "12,346"),
        (-1.234, "-1.23"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number_text(value) == text


def test_failures_and_what_was_left_out_are_below_the_figures() -> None:
    lines = table(sample_results()[0]).splitlines()
    assert [line.split(":")[0] for line in lines if ":" in line] == [
        "failed",
        "left out",
        "met",
        "not judged",
        "MISSED",
        "met",
    ]


def test_how_long_each_took_and_all_of_them() -> None:
    first, second = sample_results()
    first.seconds, second.seconds = 61.4, 2.2
    assert times([first, second]) == "took 64 s: sample 61 s, broken 2 s"
