"""The model server refuses, hangs, or talks nonsense."""

import time

import pytest

from e2e.faults.scenario import Arena, Damage

WHILE_SECONDS = 5
# What stands in the prompt of every review, and of nothing else (orchestrator/domain/prompts.py).
REVIEW = "Mark each proposal"


@pytest.mark.parametrize("trouble", ["refuse", "error", "hang", "garbage"])
def test_trouble_that_passes_costs_time_alone(arena: Arena, trouble: str) -> None:
    """Steps are tried again: every deliberation completes."""

    def fault() -> None:
        arena.model.behave(fail=trouble)
        time.sleep(WHILE_SECONDS)  # The fault itself.
        arena.model.behave(fail=None)

    arena.suffer(f"vLLM: {trouble} for {WHILE_SECONDS} s", fault)


def test_empty_answers_fail_the_step_that_they_answer(arena: Arena) -> None:
    """They are asked for once more; then the step fails, which warnings tell, or, where no proposal is left, the reason."""
    outcomes = arena.suffer(
        "vLLM: the next 60 answers are empty",
        lambda: arena.model.behave(fail="empty", count=60),
        Damage(failed_for=("empty",)),
    )
    assert any("empty" in text for outcome in outcomes for text in (*outcome.warnings, outcome.reason))


def test_reviews_that_cannot_be_read_cost_a_warning(arena: Arena) -> None:
    """They are asked for once more; then their deliberations go on without them, and every one completes."""
    outcomes = arena.suffer(
        "vLLM: the next 60 reviews are nonsense",
        lambda: arena.model.behave(fail="nonsense", count=60, match=REVIEW),
    )
    assert any("review" in warning for outcome in outcomes for warning in outcome.warnings)


@pytest.mark.parametrize("trouble", ["refuse", "hang", "garbage"])
def test_trouble_that_stays_ends_every_deliberation_with_that_reason(arena: Arena, trouble: str) -> None:
    """FAILED, because of vLLM, before the deadline; what was proposed by then completes, with warnings."""
    damage = Damage(failed_for=("vllm",), deadline_s=30)
    outcomes = arena.suffer(f"vLLM: {trouble} from now on", lambda: arena.model.behave(fail=trouble), damage)
    assert any(outcome.status == "FAILED" for outcome in outcomes)
