"""Krippendorff's alpha."""

import math
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.agreement import alpha

_UNITS = st.lists(st.lists(st.integers(1, 10), max_size=5), max_size=6)


def _by_definition(units: list[list[int]]) -> float | None:
    """Alpha from all pairs, as its source writes it."""
    pairable = [unit for unit in units if len(unit) > 1]
    every = [mark for unit in pairable for mark in unit]
    if not every:
        return None
    within = sum(sum((a - b) ** 2 for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in pairable)
    between = sum((a - b) ** 2 for a, b in permutations(every, 2)) / (len(every) - 1)
    return max(0.0, 1 - within / between) if between else 0.0


def test_a_published_example_comes_out_as_published() -> None:
    # Krippendorff (2011), section C: four observers, twelve units, missing values; interval alpha 0.849.
    units = [
        [1, 1, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [5, 5, 5],
        [1, 1],
        [3],
    ]

    assert alpha(units) == pytest.approx(0.849, abs=0.0005)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([[5], [7], []], None, id="one mark each"),
        pytest.param([[9, 9], [2, 2]], 1.0, id="the same marks"),
        pytest.param([[9, 9], [2, 2], [4]], 1.0, id="one that a single reviewer marked"),
        pytest.param([[5, 5], [5, 5]], 0.0, id="marks that tell nothing apart"),
        pytest.param([[1, 10], [10, 1]], 0.0, id="reviewers who contradict each other"),
    ],
)
def test_alpha(units: list[list[int]], expected: float | None) -> None:
    assert alpha(units) == expected


@settings(deadline=None)
@given(_UNITS)
def test_alpha_is_what_its_definition_says(units: list[list[int]]) -> None:
    expected, actual = _by_definition(units), alpha(units)

    assert (actual is None) is (expected is None)
    if actual is not None and expected is not None:
        assert math.isclose(actual, expected, abs_tol=1e-9)
        assert 0 <= actual <= 1
