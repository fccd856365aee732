"""What a deliberation's results say of its reviews, and when things happened."""

import pytest

from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.results import CheckResult
from orchestrator.domain.steps import StepKind
from orchestrator.testing.builders import (
    MINUTE_MS,
    START_MS,
    answer_phase,
    finish,
    make_deliberation,
    make_request,
    marks_text,
    respond,
)


def _checks(deliberation: Deliberation) -> dict[str, dict[str, CheckResult]]:
    return {
        result.author_id: {check.check_type: check for check in result.checks.additional}
        for result in deliberation.results
    }


def _review(deliberation: Deliberation, marks: dict[str, int]) -> None:
    for step in [*deliberation.pending.values()]:
        deliberation.apply(respond(deliberation, step, text=marks_text(marks)), START_MS)


@pytest.mark.parametrize(
    ("changes", "check_types"),
    [
        ({}, {"peer_review"}),
        ({"num_agents": 2}, {"peer_review"}),
        ({"num_agents": 1}, set()),
        ({"peer_review": False}, set()),
        ({"architect_selection": True}, {"peer_review", "architect_review"}),
        ({"peer_review": False, "architect_selection": True}, {"architect_review"}),
    ],
)
def test_results_have_a_check_for_each_kind_of_review_there_was(
    changes: dict[str, object], check_types: set[str]
) -> None:
    deliberation = finish(make_deliberation(make_request(**changes)))

    assert all(checks.keys() == check_types for checks in _checks(deliberation).values())


def test_the_marks_of_the_last_round_are_those_that_count_and_are_shown() -> None:
    deliberation = make_deliberation(make_request(rounds=2))
    answer_phase(deliberation)
    _review(deliberation, {"A": 1, "B": 2})
    answer_phase(deliberation)
    _review(deliberation, {"A": 9, "B": 4})
    finish(deliberation)

    # Ballots go round: everybody is A for one and B for the other.
    for checks in _checks(deliberation).values():
        assert sorted(checks["peer_review"].details["marks"].split(",")) == ["4", "9"]
        assert checks["peer_review"].details["mean_mark"] == "6.50"
        assert checks["peer_review"].score == 0.5
        assert checks["peer_review"].message.startswith("marked by 2 of 2 ")


def test_reviewers_that_could_not_mark_show() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation)
    answer_phase(deliberation, failing=["agent-dev-1"])
    finish(deliberation)

    messages = {author: checks["peer_review"].message for author, checks in _checks(deliberation).items()}
    assert messages["agent-dev-1"].startswith("marked by 2 of 2 ")
    assert messages["agent-dev-2"].startswith("marked by 1 of 1 ")


def test_a_proposal_is_as_old_as_its_response_or_as_its_arrival() -> None:
    deliberation = make_deliberation()
    first, second, _ = deliberation.pending.values()
    at_once = respond(deliberation, second)

    deliberation.apply(respond(deliberation, first), START_MS + 500)
    deliberation.apply(type(at_once)(at_once.step_id, at_once.task_id, text="no time on it"), START_MS + 700)

    assert deliberation.drafts[first.agent_id].created_at_ms == START_MS + 10
    assert deliberation.drafts[second.agent_id].created_at_ms == START_MS + 700
    assert [draft.author_id for draft in deliberation.drafts.values()] == [first.agent_id, second.agent_id]


def test_it_ends_when_it_was_ended() -> None:
    times = {START_MS + 10, START_MS + 20, START_MS + MINUTE_MS}
    failed, cancelled, overdue = make_deliberation(), make_deliberation(), make_deliberation()

    answer_phase(failed, failing=[agent.agent_id for agent in failed.agents], now_ms=START_MS + 10)
    cancelled.cancel("enough", START_MS + 20)
    overdue.expire(START_MS + MINUTE_MS)

    ended = (failed, cancelled, overdue)
    assert {deliberation.finished_at_ms for deliberation in ended} == times
    assert {deliberation.updated_at_ms for deliberation in ended} == times
    assert not any(deliberation.pending for deliberation in ended)


def test_a_time_out_says_in_which_phase_and_whom_it_waited_for() -> None:
    proposing, reviewing = make_deliberation(), make_deliberation()
    answer_phase(reviewing)
    for deliberation in (proposing, reviewing):
        (step, *_) = deliberation.pending.values()
        deliberation.apply(respond(deliberation, step), START_MS)
        deliberation.expire(START_MS + MINUTE_MS)

    assert StepKind.PROPOSE in proposing.error
    assert "round" not in proposing.error
    assert f"{StepKind.REVIEW} of round 1" in reviewing.error
    for deliberation in (proposing, reviewing):
        assert "60 s" in deliberation.error
        assert "agent-dev-1" not in deliberation.error
        assert "agent-dev-2, agent-dev-3" in deliberation.error


def test_a_transition_says_whether_it_was_one() -> None:
    deliberation = make_deliberation(make_request(num_agents=2))
    first, last = deliberation.pending.values()

    assert deliberation.apply(respond(deliberation, first), START_MS).applied is True
    assert deliberation.apply(respond(deliberation, first), START_MS).applied is False
    assert deliberation.apply(respond(deliberation, last), START_MS).applied is True


def test_it_is_new_when_it_is_opened() -> None:
    assert make_deliberation().updated_at_ms == START_MS
