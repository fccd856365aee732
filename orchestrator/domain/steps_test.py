"""Ids of steps, and the time that is left for them."""

import pytest

from orchestrator.domain.deliberation import Status
from orchestrator.domain.request import Constraints
from orchestrator.domain.steps import StepKind, StepResponse, make_step, task_of
from orchestrator.testing.builders import MINUTE_MS, START_MS, answer_phase, make_deliberation, make_request, respond


@pytest.mark.parametrize("task_id", ["task", "a/b", "a/1/propose/x"])
@pytest.mark.parametrize("kind", [*StepKind])
def test_a_steps_id_names_its_task_whatever_the_task_is_called(task_id: str, kind: StepKind) -> None:
    assert task_of(make_step(task_id, kind, 12, "agent-1").step_id) == task_id


@pytest.mark.parametrize(
    "text", ["", "task", "a/b/c", "task/one/propose/agent", "task/1/dance/agent", "task/-1/propose/a"]
)
def test_what_is_no_steps_id_names_none(text: str) -> None:
    assert task_of(text) == ""


@pytest.mark.parametrize(("minutes", "reserve_ms"), [(1, 2000), (60, 2000)])
def test_steps_end_a_while_before_their_deliberation(minutes: int, reserve_ms: int) -> None:
    deliberation = make_deliberation()
    deliberation.deadline_ms = START_MS + minutes * MINUTE_MS

    assert deliberation.step_deadline_ms == deliberation.deadline_ms - reserve_ms


def test_of_a_short_deliberation_a_tenth_is_kept_back() -> None:
    deliberation = make_deliberation(make_request(constraints=Constraints(timeout_seconds=5)))
    deliberation.deadline_ms = START_MS + 5000

    assert deliberation.step_deadline_ms == START_MS + 4500


def _late(deliberation_id: str, step_id: str) -> StepResponse:
    return StepResponse(step_id, deliberation_id, error="there was no time left", late=True)


def test_nobody_with_a_proposal_in_time_is_a_timeout() -> None:
    deliberation = make_deliberation()
    for step_id in [*deliberation.pending]:
        deliberation.apply(_late(deliberation.task_id, step_id), START_MS + 10)

    assert deliberation.status is Status.TIMEOUT
    assert "no time left" in deliberation.error


def test_nobody_with_a_proposal_for_another_reason_is_a_failure() -> None:
    deliberation = make_deliberation()
    steps = [*deliberation.pending.values()]
    deliberation.apply(_late(deliberation.task_id, steps[0].step_id), START_MS + 10)
    for step in steps[1:]:
        deliberation.apply(respond(deliberation, step, error="refused"), START_MS + 10)

    assert deliberation.status is Status.FAILED


def test_reviews_that_are_late_leave_the_proposals_as_they_are() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation)
    while not deliberation.final:
        for step_id in [*deliberation.pending]:
            deliberation.apply(_late(deliberation.task_id, step_id), START_MS + 10)

    assert deliberation.status is Status.COMPLETED
    assert len(deliberation.results) == 3
    assert len(deliberation.warnings) == 6
