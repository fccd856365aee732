"""The state machine: what follows what, and what happens when agents fail or time is up."""

from dataclasses import replace

import pytest

from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.request import Constraints
from orchestrator.domain.steps import StepKind, StepRecord, StepResponse
from orchestrator.testing.builders import (
    MINUTE_MS,
    START_MS,
    STEP_MS,
    answer_phase,
    finish,
    make_deliberation,
    make_request,
    respond,
)


def _phases(deliberation: Deliberation) -> list[tuple[str, int, int]]:
    """Kind, round and number of steps of each phase until the end."""
    phases = []
    while not deliberation.final:
        phases.append((str(deliberation.phase), deliberation.round, len(deliberation.pending)))
        answer_phase(deliberation)
    return phases


@pytest.mark.parametrize(
    ("changes", "phases"),
    [
        ({}, [("propose", 0, 3), ("review", 1, 3), ("revise", 1, 3)]),
        (
            {"rounds": 2},
            [("propose", 0, 3), ("review", 1, 3), ("revise", 1, 3), ("review", 2, 3), ("revise", 2, 3)],
        ),
        ({"peer_review": False}, [("propose", 0, 3), ("revise", 1, 3)]),
        ({"num_agents": 1}, [("propose", 0, 1), ("revise", 1, 1)]),
        ({"num_agents": 2}, [("propose", 0, 2), ("review", 1, 2), ("revise", 1, 2)]),
        (
            {"architect_selection": True},
            [("propose", 0, 3), ("review", 1, 3), ("revise", 1, 3), ("select", 1, 1)],
        ),
        (
            {"rounds": 3, "constraints": Constraints(max_iterations=1)},
            [("propose", 0, 3), ("review", 1, 3), ("revise", 1, 3)],
        ),
    ],
)
def test_phases_follow_the_request(changes: dict[str, object], phases: list[tuple[str, int, int]]) -> None:
    assert _phases(make_deliberation(make_request(**changes))) == phases


def test_every_round_keeps_the_earlier_text() -> None:
    deliberation = finish(make_deliberation(make_request(rounds=2)))

    assert deliberation.drafts["agent-dev-1"].revisions == ["propose 0 by agent-dev-1", "revise 1 by agent-dev-1"]
    assert deliberation.drafts["agent-dev-1"].content == "revise 2 by agent-dev-1"


def test_a_completed_deliberation_ranks_every_author() -> None:
    deliberation = finish(make_deliberation())

    assert deliberation.status is Status.COMPLETED
    assert [result.rank for result in deliberation.results] == [1, 2, 3]
    assert {result.author_id for result in deliberation.results} == set(deliberation.authors)
    assert deliberation.winner_id == deliberation.results[0].author_id


def test_it_is_pending_until_an_agent_has_answered() -> None:
    deliberation = make_deliberation()
    assert deliberation.status is Status.PENDING

    first = next(iter(deliberation.pending.values()))
    deliberation.apply(respond(deliberation, first), START_MS + 1)

    assert deliberation.status.value == "in_progress"


def test_a_repeated_response_changes_nothing() -> None:
    deliberation = make_deliberation()
    step = next(iter(deliberation.pending.values()))
    response = respond(deliberation, step)
    deliberation.apply(response, START_MS + 1)
    before = replace(deliberation, pending=dict(deliberation.pending), drafts=dict(deliberation.drafts))

    transition = deliberation.apply(response, START_MS + 2)

    assert not transition.applied
    assert transition.steps == ()
    assert deliberation == before


def test_new_steps_come_only_with_the_last_response_of_a_phase() -> None:
    deliberation = make_deliberation()
    handed_out = [
        len(deliberation.apply(respond(deliberation, step), START_MS).steps)
        for step in [*deliberation.pending.values()]
    ]

    assert handed_out == [0, 0, 3]


def test_an_agent_that_cannot_propose_is_out_and_named() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation, failing=["agent-dev-2"])
    finish(deliberation)

    assert deliberation.status is Status.COMPLETED
    assert deliberation.authors == ("agent-dev-1", "agent-dev-3")
    assert deliberation.warnings == ["agent-dev-2 could not propose: the model refused"]


def test_without_any_proposal_it_fails_with_the_reasons() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation, failing=[agent.agent_id for agent in deliberation.agents])

    assert deliberation.status is Status.FAILED
    assert deliberation.error.count("the model refused") == 3
    assert deliberation.results == ()


def test_a_lost_dependency_is_remembered_only_if_it_is_why_nobody_proposed() -> None:
    failed, survived = make_deliberation(make_request(num_agents=1)), make_deliberation(make_request(num_agents=2))
    for deliberation in (failed, survived):
        step = next(iter(deliberation.pending.values()))
        lost = replace(respond(deliberation, step, error="no answer"), lost_dependency="vllm")
        deliberation.apply(lost, START_MS)
    finish(survived)

    assert failed.lost_dependency == "vllm"
    assert survived.lost_dependency == ""


@pytest.mark.parametrize("late_one", [0, 1])
def test_what_one_agent_names_as_lost_explains_that_another_was_late(late_one: int) -> None:
    deliberation = make_deliberation(make_request(num_agents=2))
    for number, step in enumerate([*deliberation.pending.values()]):
        response = respond(deliberation, step, error="no answer")
        late = replace(response, late=True)
        deliberation.apply(late if number == late_one else replace(response, lost_dependency="vllm"), START_MS)

    assert (deliberation.status, deliberation.lost_dependency) == (Status.FAILED, "vllm")


@pytest.mark.parametrize("phase", [StepKind.REVIEW, StepKind.REVISE])
def test_an_agent_that_fails_later_stays_in_with_a_warning(phase: StepKind) -> None:
    deliberation = make_deliberation()
    while deliberation.phase is not phase:
        answer_phase(deliberation)
    answer_phase(deliberation, failing=["agent-dev-1"])
    finish(deliberation)

    assert len(deliberation.results) == 3
    assert deliberation.warnings == [f"agent-dev-1 could not {phase} in round 1: the model refused"]
    assert len(deliberation.drafts["agent-dev-1"].revisions) == (0 if phase is StepKind.REVISE else 1)


def test_a_lone_survivor_is_not_reviewed_by_itself() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation, failing=["agent-dev-2", "agent-dev-3"])

    assert deliberation.phase is StepKind.REVISE
    assert finish(deliberation).winner_id == "agent-dev-1"


def test_a_review_that_cannot_be_read_is_a_warning() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation)
    step = next(iter(deliberation.pending.values()))
    deliberation.apply(respond(deliberation, step, text="I like them all"), START_MS)
    finish(deliberation)

    assert deliberation.status is Status.COMPLETED
    assert len(deliberation.reviews) == 2
    assert "could not review in round 1" in deliberation.warnings[0]


def test_reviews_are_kept_by_author_not_by_label() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation)
    step = next(step for step in deliberation.pending.values() if step.agent_id == "agent-dev-2")
    text = '{"marks": {"A": 9, "B": 2}, "comments": {"A": "no tests"}}'
    deliberation.apply(respond(deliberation, step, text=text), START_MS)

    assert deliberation.reviews[0].marks == {"agent-dev-3": 9, "agent-dev-1": 2}
    assert deliberation.reviews[0].comments == {"agent-dev-3": "no tests"}


def test_the_architects_marks_count() -> None:
    deliberation = make_deliberation(make_request(architect_selection=True))
    while deliberation.phase is not StepKind.SELECT:
        answer_phase(deliberation)
    step = next(iter(deliberation.pending.values()))
    deliberation.apply(respond(deliberation, step, text='{"marks": {"A": 1, "B": 1, "C": 9}}'), START_MS)

    assert deliberation.winner_id == "agent-dev-3"
    assert deliberation.selection is not None


def test_time_that_is_up_ends_it_and_says_who_was_waited_for() -> None:
    deliberation = make_deliberation()

    assert not deliberation.expire(START_MS + MINUTE_MS - 1)
    assert deliberation.expire(START_MS + MINUTE_MS)
    assert deliberation.status is Status.TIMEOUT
    assert deliberation.error.startswith("not over after 60 s; in propose")
    assert "agent-dev-3" in deliberation.error
    assert not deliberation.expire(START_MS + 2 * MINUTE_MS)


def test_a_response_after_the_deadline_ends_it_as_timeout() -> None:
    deliberation = make_deliberation()
    answer_phase(deliberation)
    step = next(iter(deliberation.pending.values()))

    transition = deliberation.apply(respond(deliberation, step), START_MS + MINUTE_MS)

    assert transition.applied
    assert deliberation.status is Status.TIMEOUT
    assert "review of round 1" in deliberation.error


def test_cancelling_ends_it_once() -> None:
    deliberation = make_deliberation()

    assert deliberation.cancel("changed my mind", START_MS + 1)
    assert not deliberation.cancel("again", START_MS + 2)
    assert (deliberation.status, deliberation.error) == (Status.CANCELLED, "changed my mind")
    assert deliberation.pending == {}


def test_a_cancelled_deliberation_always_has_a_reason() -> None:
    deliberation = make_deliberation()
    deliberation.cancel("", START_MS)

    assert deliberation.error == "cancelled"


def test_usage_and_places_add_up() -> None:
    deliberation = finish(make_deliberation())

    assert deliberation.steps_answered == 9
    assert deliberation.usage.prompt_tokens == 90
    assert deliberation.usage.completion_tokens == 45
    assert deliberation.nodes == ["node-1"]
    assert deliberation.actors == ["actor-1"]


def test_a_failed_step_is_not_counted_as_answered() -> None:
    deliberation = make_deliberation(make_request(num_agents=1))
    step = next(iter(deliberation.pending.values()))
    deliberation.apply(StepResponse(step.step_id, "task-1", error="no"), START_MS)

    assert deliberation.steps_answered == 0
    assert deliberation.nodes == []


def test_its_history_has_every_answered_step_in_order_with_whether_it_counted() -> None:
    deliberation = make_deliberation(make_request(num_agents=2))
    answer_phase(deliberation, now_ms=START_MS + 5)
    first, second = deliberation.pending.values()
    deliberation.apply(replace(respond(deliberation, first, text="not a review"), duration_ms=70), START_MS + 6)
    deliberation.apply(respond(deliberation, second, error="the model refused"), START_MS + 7)
    deliberation.apply(respond(deliberation, second), START_MS + 8)

    proposed = [
        StepRecord(StepKind.PROPOSE, 0, agent.agent_id, True, START_MS + 5, STEP_MS) for agent in deliberation.agents
    ]
    assert deliberation.history == [
        *proposed,
        StepRecord(StepKind.REVIEW, 1, "agent-dev-1", False, START_MS + 6, 70),
        StepRecord(StepKind.REVIEW, 1, "agent-dev-2", False, START_MS + 7, STEP_MS),
    ]


def test_cut_rounds_are_said() -> None:
    request = make_request(rounds=3, constraints=Constraints(max_iterations=2))

    assert make_deliberation(request).warnings == ["rounds cut from 3 to 2 by constraints.max_iterations"]


def test_confidence_is_unknown_before_the_end_and_without_two_reviewers_of_one_proposal() -> None:
    reviewed = make_deliberation()
    answer_phase(reviewed)
    answer_phase(reviewed)

    assert reviewed.confidence is None
    assert finish(reviewed).confidence == 0.0
    assert finish(make_deliberation(make_request(num_agents=2))).confidence is None


def test_step_ids_are_unique_and_stable() -> None:
    seen: list[str] = []
    deliberation = make_deliberation(make_request(rounds=2, architect_selection=True))
    while not deliberation.final:
        seen.extend(deliberation.pending)
        answer_phase(deliberation)

    assert len(seen) == len(set(seen)) == 3 + 2 * 6 + 1
    assert seen[0] == "task-1/0/propose/agent-dev-1"
    assert seen[-1] == "task-1/2/select/agent-architect-selector"
