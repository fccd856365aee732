"""When a step is tried again, and how many may be."""

import pytest

from orchestrator.agents.retries import RetryBudget, delay_s, spread


@pytest.mark.parametrize(
    ("delivery", "wish_s", "delay"), [(1, 0, 0.25), (3, 0, 1.0), (999, 0, 4 / 3), (1, 9, 9), (1, 999, 30)]
)
def test_delays_double_up_to_a_bound_and_grant_what_is_asked_for_within_reason(
    delivery: int, wish_s: float, delay: float
) -> None:
    assert delay_s(delivery, wish_s, lambda: 1.0) == delay


def test_jitter_spreads_them_and_stays_near() -> None:
    delays = {delay_s(9, 0) for _ in range(100)}

    assert len(delays) > 50
    assert all(0.5 < delay <= 2 for delay in delays)
    assert all(0.5 <= spread() <= 1.5 for _ in range(100))


def test_a_budget_is_spent_and_comes_back_by_answers_and_slowly_by_itself() -> None:
    now = 0.0
    budget = RetryBudget(capacity=3, per_second=1, monotonic=lambda: now)
    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]

    budget.answered()
    assert [budget.take() for _ in range(2)] == [True, False]
    now += 2
    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_a_budget_never_holds_more_than_its_capacity() -> None:
    now = 0.0
    budget = RetryBudget(capacity=2, monotonic=lambda: now)
    for _ in range(50):
        budget.answered()
    now += 1000

    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_retries_in_the_long_run_are_no_more_than_answers() -> None:
    budget = RetryBudget(capacity=10, per_second=0)
    retries = answers = 0
    for number in range(1000):
        # One in three is answered; each of the others is tried again if it may be.
        if number % 3 == 0:
            answers += 1
            budget.answered()
        elif budget.take():
            retries += 1

    assert retries <= answers + 10
