"""What a stream reports: a sequence that only ever grows at its end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.request import Constraints
from orchestrator.domain.updates import Stage, Update, final_results, updates
from orchestrator.testing.builders import START_MS, answer_phase, finish, make_deliberation, make_request, respond

_STAGES = list(Stage)


def _told(deliberation: Deliberation) -> list[tuple[str, int, str, str]]:
    return [(u.stage.value, u.percent, u.step, u.agent_id) for u in updates(deliberation)]


def test_every_step_is_reported_in_order_and_then_the_results() -> None:
    deliberation = finish(make_deliberation(make_request(num_agents=2)))
    results = deliberation.results

    assert _told(deliberation) == [
        ("generating", 0, "propose", ""),
        ("generating", 16, "propose", "agent-dev-1"),
        ("generating", 33, "propose", "agent-dev-2"),
        ("reviewing", 49, "review 1", "agent-dev-1"),
        ("reviewing", 66, "review 1", "agent-dev-2"),
        ("reviewing", 82, "revise 1", "agent-dev-1"),
        ("reviewing", 99, "revise 1", "agent-dev-2"),
        ("scoring", 99, "score", ""),
        ("complete", 100, "rank 1", results[0].author_id),
        ("complete", 100, "rank 2", results[1].author_id),
    ]


def test_a_proposal_is_reported_as_it_was_at_the_time() -> None:
    constraints = Constraints(requirements=("must mention `revise 1`",))
    deliberation = finish(make_deliberation(make_request(num_agents=1, rounds=2, constraints=constraints)))

    partials = [update.result for update in updates(deliberation) if update.result]

    texts = ["propose 0 by agent-dev-1", "revise 1 by agent-dev-1", "revise 2 by agent-dev-1"]
    assert [partial.content for partial in partials] == [*texts, texts[-1]]
    assert [list(partial.revisions) for partial in partials] == [[], texts[:1], texts[:2], texts[:2]]
    assert [partial.checks.policy.passed for partial in partials] == [False, True, False, False]
    assert [partial.rank for partial in partials] == [0, 0, 0, 1]
    assert {partial.score for partial in partials[:-1]} == {0}


@pytest.mark.parametrize(
    ("changes", "failing", "percents"),
    [
        ({"num_agents": 2, "peer_review": False}, [], [24, 49, 74, 99]),
        ({"num_agents": 2}, ["agent-dev-2"], [16, 49, 99]),
        ({"num_agents": 1, "architect_selection": True}, [], [33, 66, 99]),
        ({"num_agents": 1, "rounds": 2}, [], [33, 66, 99]),
    ],
)
def test_progress_is_a_share_of_the_phases_that_are_left_to_do(
    changes: dict[str, object], failing: list[str], percents: list[int]
) -> None:
    deliberation = make_deliberation(make_request(**changes))
    answer_phase(deliberation, failing=failing)
    finish(deliberation)

    told = list(updates(deliberation))
    assert [update.percent for update in told[1 : len(percents) + 1]] == percents
    assert told[len(percents) + 1].stage is Stage.SCORING


def test_a_result_names_its_author_time_and_score() -> None:
    deliberation = finish(make_deliberation(make_request(num_agents=2)))

    results = [update.result for update in updates(deliberation) if update.result]
    assert {result.created_at_ms for result in results} == {START_MS + 10}
    assert [result.author_id for result in results[:2]] == ["agent-dev-1", "agent-dev-2"]
    assert [result.score for result in results[-2:]] == [ranked.score for ranked in deliberation.results]
    assert deliberation.results[0].score > 0


def test_the_last_updates_are_the_final_results() -> None:
    deliberation = finish(make_deliberation())

    assert tuple(u.result for u in updates(deliberation) if u.stage is Stage.COMPLETE) == final_results(deliberation)
    assert not final_results(make_deliberation())


def test_reviews_carry_no_proposal_and_what_failed_says_so() -> None:
    deliberation = make_deliberation(make_request(num_agents=3))
    answer_phase(deliberation, failing=["agent-dev-2"])
    answer_phase(deliberation, failing=["agent-dev-3"])
    answer_phase(deliberation, failing=["agent-dev-3"])

    told = {(u.step, u.agent_id): u.result and u.result.content for u in updates(deliberation)}

    assert told["propose failed", "agent-dev-2"] is None
    assert told["review 1", "agent-dev-1"] is None
    assert told["review 1 failed", "agent-dev-3"] is None
    assert told["revise 1 failed", "agent-dev-3"] is None
    assert told["rank 2", "agent-dev-3"] == "propose 0 by agent-dev-3"


def test_an_architects_selection_is_part_of_scoring() -> None:
    deliberation = finish(make_deliberation(make_request(num_agents=1, architect_selection=True)))

    stages = [update.stage.value for update in updates(deliberation)]

    assert stages == ["generating", "generating", "reviewing", "scoring", "scoring", "complete"]


@pytest.mark.parametrize("end", ["failed", "timeout", "cancelled"])
def test_without_results_nothing_is_said_to_be_complete(end: str) -> None:
    deliberation = make_deliberation()
    if end == "failed":
        answer_phase(deliberation, failing=[agent.agent_id for agent in deliberation.agents])
    elif end == "timeout":
        answer_phase(deliberation)
        deliberation.expire(deliberation.deadline_ms)
    else:
        deliberation.cancel("", START_MS)

    told = list(updates(deliberation))

    assert deliberation.final
    assert len(told) == 1 + len(deliberation.history)
    assert all(update.stage is Stage.GENERATING for update in told)


@settings(deadline=None)
@given(
    agents=st.integers(1, 4),
    rounds=st.integers(1, 3),
    peer_review=st.booleans(),
    architect=st.booleans(),
    failures=st.lists(st.booleans(), max_size=40),
)
def test_a_later_state_only_adds_updates_and_neither_stage_nor_progress_goes_back(
    agents: int, rounds: int, peer_review: bool, architect: bool, failures: list[bool]
) -> None:
    request = make_request(num_agents=agents, rounds=rounds, peer_review=peer_review, architect_selection=architect)
    deliberation = make_deliberation(request)
    seen: list[Update] = list(updates(deliberation))
    while not deliberation.final:
        step = next(iter(deliberation.pending.values()))
        error = "the model refused" if failures and failures.pop() else ""
        deliberation.apply(respond(deliberation, step, error=error), START_MS + 1)
        everything = list(updates(deliberation))
        assert everything[: len(seen)] == seen
        assert list(updates(deliberation, len(seen))) == everything[len(seen) :]
        seen = everything

    percents = [update.percent for update in seen]
    places = [_STAGES.index(update.stage) for update in seen]
    assert percents == sorted(percents)
    assert places == sorted(places)
    assert all((update.percent == 100) == (update.stage is Stage.COMPLETE) for update in seen)
    for count in range(len(seen) + 1):
        assert list(updates(deliberation, count)) == seen[count:]
