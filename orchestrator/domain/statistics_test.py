"""Measurements, and what follows from them."""

import pytest

from orchestrator.domain.deliberation import Status
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.statistics import (
    Finished,
    Performance,
    health,
    mean_step_ms,
    measure,
    percentile,
    performance,
    success_rate,
    validate_metrics,
)
from orchestrator.testing.builders import START_MS, answer_phase, finish, make_deliberation, make_request


def _finished(
    duration_ms: int, status: Status = Status.COMPLETED, kind: str = "deliberate", **changes: int
) -> Finished:
    return Finished("task", kind, "DEV", status, START_MS, duration_ms, **changes)


def test_a_deliberation_is_measured_by_its_answered_steps() -> None:
    deliberation = make_deliberation(make_request(kind="orchestrate", num_agents=2))
    answer_phase(deliberation, failing=["agent-dev-2"])
    finish(deliberation)

    assert measure(deliberation) == Finished("task-1", "orchestrate", "DEV", Status.COMPLETED, START_MS + 10, 10, 2, 40)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, 0),
        ([7], 50, 7),
        ([7], 99, 7),
        ([1, 2, 3, 4], 50, 2),
        ([1, 2, 3, 4, 5], 50, 3),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 21)), 99, 20),
    ],
)
def test_percentiles_are_values_that_were_measured(values: list[int], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_speed_is_that_of_what_completed() -> None:
    finished = [
        _finished(300),
        _finished(100),
        _finished(500, kind="orchestrate"),
        _finished(60_000, Status.TIMEOUT),
        _finished(1, Status.CANCELLED),
    ]

    assert performance(finished) == Performance(200, 500, 300, 500, 500)
    many = performance([_finished(number) for number in range(1, 201)])
    assert (many.p50_ms, many.p95_ms, many.p99_ms) == (100, 190, 198)
    assert performance([]) == Performance(0, 0, 0, 0, 0)


def test_the_mean_step_counts_every_step_alike() -> None:
    assert mean_step_ms([_finished(1, steps=1, steps_ms=100), _finished(1, steps=3, steps_ms=100)]) == 50
    assert mean_step_ms([_finished(1)]) == 0


def test_what_was_cancelled_is_no_failure() -> None:
    one_of_each = [_finished(1, status) for status in Status if status.final]

    assert success_rate(one_of_each) == pytest.approx(1 / 3)
    assert success_rate([_finished(1, Status.CANCELLED)]) == 1
    assert success_rate([]) == 1


@pytest.mark.parametrize(
    ("rate", "available", "word"),
    [
        (1.0, 3, "healthy"),
        (0.9, 1, "healthy"),
        (0.89, 3, "degraded"),
        (0.5, 3, "degraded"),
        (0.49, 3, "unhealthy"),
        (1.0, 0, "unavailable"),
    ],
)
def test_health_in_a_word(rate: float, available: int, word: str) -> None:
    assert health(rate, available) == word


def test_what_cannot_be_asked_for_is_named() -> None:
    for metric_type in ("", "performance", "agents", "councils", "all"):
        validate_metrics(metric_type, 0)
    with pytest.raises(InvalidRequest) as raised:
        validate_metrics("weather", -1)

    assert [violation.field for violation in raised.value.violations] == ["metric_type", "time_range_ms"]


def test_percentiles_are_those_that_are_named() -> None:
    speed = performance([_finished(number * 10) for number in range(1, 201)])

    assert (speed.p50_ms, speed.p95_ms, speed.p99_ms) == (1000, 1900, 1980)
