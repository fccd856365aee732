"""Processor time between samples."""

import pytest

from tools.benchmarks.orchestrator.windows import used_at

_SAMPLES = {"times": [1.0, 2.0, 4.0], "cpu": [0.5, 1.5, 1.7]}


@pytest.mark.parametrize(
    ("time", "used"), [(1.0, 0.5), (1.5, 1.0), (2.0, 1.5), (3.0, 1.6), (4.0, 1.7), (9.0, 1.7), (0.0, 0.5)]
)
def test_what_was_used_at_a_time_lies_between_its_nearest_samples(time: float, used: float) -> None:
    assert used_at(_SAMPLES, time) == pytest.approx(used)
