"""A deliberation that has spent its tokens ends with what it has."""

import pytest

from orchestrator.domain.deliberation import Status
from orchestrator.domain.steps import StepKind
from orchestrator.testing.builders import answer_phase, make_deliberation, make_request

# Three agents; each step of the builders takes ten prompt and five completion tokens.
_PHASE = 3 * 15


@pytest.mark.parametrize(
    ("budget", "phases", "revisions"),
    [
        pytest.param(1, [StepKind.PROPOSE], 0, id="spent by the proposals"),
        pytest.param(_PHASE, [StepKind.PROPOSE], 0, id="spent to the last token"),
        pytest.param(_PHASE + 1, [StepKind.PROPOSE, StepKind.REVIEW], 0, id="spent by the reviews"),
        pytest.param(2 * _PHASE + 1, [StepKind.PROPOSE, StepKind.REVIEW, StepKind.REVISE], 1, id="spent by round 1"),
    ],
)
def test_no_phase_begins_once_the_budget_is_spent(budget: int, phases: list[StepKind], revisions: int) -> None:
    deliberation = make_deliberation(make_request(rounds=2, architect_selection=True))
    deliberation.token_budget = budget
    seen = []
    while not deliberation.final:
        seen.append(deliberation.phase)
        answer_phase(deliberation)

    assert seen == phases
    assert deliberation.status is Status.COMPLETED
    assert [len(deliberation.drafts[result.author_id].revisions) for result in deliberation.results] == [revisions] * 3
    assert len(deliberation.warnings) == 1
    assert str(budget) in deliberation.warnings[0]


def test_the_reviews_that_were_made_count() -> None:
    deliberation = make_deliberation(make_request(rounds=2))
    deliberation.token_budget = _PHASE + 1
    while not deliberation.final:
        answer_phase(deliberation)

    assert all("peer_review" in {check.check_type for check in r.checks.additional} for r in deliberation.results)
    assert deliberation.confidence is not None


@pytest.mark.parametrize("budget", [0, 10_000])
def test_a_budget_that_suffices_changes_nothing(budget: int) -> None:
    deliberation = make_deliberation(make_request(rounds=2, architect_selection=True))
    deliberation.token_budget = budget
    while not deliberation.final:
        answer_phase(deliberation)

    assert deliberation.phase is StepKind.SELECT
    assert not deliberation.warnings


def test_a_budget_that_the_last_phase_spends_is_no_matter() -> None:
    deliberation = make_deliberation()
    deliberation.token_budget = 3 * _PHASE
    while not deliberation.final:
        answer_phase(deliberation)

    assert not deliberation.warnings
