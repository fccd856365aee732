"""Limits of a request, and what makes two requests the same."""

from dataclasses import replace

import pytest

from orchestrator.domain.context import ContextSelection
from orchestrator.domain.council import Council, CouncilConfig, make_council
from orchestrator.domain.errors import (
    MAX_VIOLATIONS,
    CouncilExists,
    DependencyLost,
    FieldViolation,
    InvalidRequest,
    Overloaded,
    TaskIdTaken,
    UnknownDeliberation,
    UnknownRole,
)
from orchestrator.domain.request import DELIBERATE, Constraints, Limits, MessageForm, require_seats, validate
from orchestrator.domain.steps import StepKind, make_step, seed_for
from orchestrator.testing.builders import make_request

_LIMITS = Limits()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"task_description": " \n"}, ["task_description"]),
        ({"task_description": "x" * 16_001}, ["task_description"]),
        ({"rounds": 6}, ["rounds"]),
        ({"rounds": -1}, ["rounds"]),
        ({"num_agents": 11}, ["num_agents"]),
        ({"num_agents": -3, "rounds": 99}, ["rounds", "num_agents"]),
        ({"constraints": Constraints(max_iterations=-1)}, ["constraints.max_iterations"]),
        ({"constraints": Constraints(timeout_seconds=3601)}, ["constraints.timeout_seconds"]),
        ({"constraints": Constraints(rubric="x" * 8_001)}, ["constraints.rubric"]),
        ({"constraints": Constraints(requirements=("ok", " "))}, ["constraints.requirements[1]"]),
        ({"constraints": Constraints(requirements=("x" * 1001,))}, ["constraints.requirements[0]"]),
        ({"constraints": Constraints(requirements=("x",) * 51)}, ["constraints.requirements"]),
        ({"constraints": Constraints(metadata={str(n): "" for n in range(51)})}, ["constraints.metadata"]),
        ({"constraints": Constraints(metadata={"a": "x" * 1001})}, ["constraints.metadata"]),
        ({"case_id": "x" * 129}, ["case_id"]),
        ({"context": ContextSelection(max_events=-1)}, ["context_options.max_events"]),
        ({"context": ContextSelection(scopes=("s",) * 51)}, ["context_options.scopes"]),
        ({"context": ContextSelection(scopes=("s", "x" * 1001))}, ["context_options.scopes[1]"]),
        ({"role": "x" * 129}, ["role"]),
    ],
)
def test_every_offending_field_is_named(changes: dict[str, object], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate(make_request(**changes), "", _LIMITS)

    assert [violation.field for violation in raised.value.violations] == fields


def test_fields_go_by_the_names_that_the_caller_knows_and_what_was_unreadable_is_named_beside_them() -> None:
    form = MessageForm("options.rounds", "options.agents", (FieldViolation("options.colour", "is not known"),))

    with pytest.raises(InvalidRequest) as raised:
        validate(make_request(rounds=99, num_agents=99), "", _LIMITS, form)

    assert [violation.field for violation in raised.value.violations] == [
        "options.colour",
        "options.rounds",
        "options.agents",
    ]


def test_an_error_stays_small_however_much_is_wrong() -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate(make_request(constraints=Constraints(requirements=("",) * 5_000)), "", _LIMITS)

    assert len(raised.value.violations) == MAX_VIOLATIONS
    assert str(raised.value).endswith(f"and {5_001 - MAX_VIOLATIONS} more")
    assert len(str(UnknownRole("x" * 10_000, ()))) < 300
    assert len(str(UnknownDeliberation("x" * 10_000))) < 300


@pytest.mark.parametrize("task_id", ["", "a", "A-1_b.c:d@e/f+g", "x" * 128])
def test_task_ids_that_are_accepted(task_id: str) -> None:
    validate(make_request(), task_id, _LIMITS)


@pytest.mark.parametrize("task_id", ["-a", "a b", "a\n", "a*", "é", "x" * 129, "a>"])
def test_task_ids_that_are_not(task_id: str) -> None:
    with pytest.raises(InvalidRequest):
        validate(make_request(), task_id, _LIMITS)


def test_equal_requests_have_equal_fingerprints_and_others_do_not() -> None:
    same = Constraints(metadata={"a": "1", "b": "2"}), Constraints(metadata={"b": "2", "a": "1"})
    fingerprints = [make_request(constraints=constraints).fingerprint() for constraints in same]

    assert fingerprints[0] == fingerprints[1]
    assert make_request(rounds=2).fingerprint() != make_request().fingerprint()
    assert make_request(kind="orchestrate").fingerprint() != make_request().fingerprint()


def test_seeds_depend_on_step_and_attempt_only() -> None:
    step = make_step("t", StepKind.PROPOSE, 0, "agent")

    assert seed_for(step.step_id, 1) == seed_for("t/0/propose/agent", 1)
    assert seed_for(step.step_id, 1) != seed_for(step.step_id, 2)
    assert 0 <= seed_for(step.step_id, 1) < 2**31


def _council(size: int, config: CouncilConfig) -> Council:
    return replace(make_council("DEV", size), config=config)


@pytest.mark.parametrize(
    ("changes", "size", "settled"),
    [
        ({"rounds": 0, "num_agents": 0, "peer_review": None}, 10, (4, 3, False)),
        ({"rounds": 0, "num_agents": 0, "peer_review": None}, 2, (4, 2, False)),
        ({"rounds": 2, "num_agents": 5, "peer_review": True}, 10, (2, 5, True)),
        ({"rounds": 2, "num_agents": 1, "peer_review": False}, 10, (2, 1, False)),
    ],
)
def test_what_a_request_leaves_open_is_as_the_council_has_it(
    changes: dict[str, object], size: int, settled: tuple[int, int, bool]
) -> None:
    asked = make_request(**changes)

    got = asked.settled(_council(size, CouncilConfig(rounds=4, peer_review=False)))

    assert (got.rounds, got.num_agents, got.peer_review) == settled
    assert replace(got, **changes) == asked  # type: ignore[arg-type]


def test_a_council_seats_as_many_as_it_has_and_no_more() -> None:
    council = _council(3, CouncilConfig())
    require_seats(make_request(num_agents=3), council, DELIBERATE)

    with pytest.raises(InvalidRequest) as raised:
        require_seats(make_request(num_agents=4), council, MessageForm(agents="options.agents"))
    assert [violation.field for violation in raised.value.violations] == ["options.agents"]


@pytest.mark.parametrize(
    "changes",
    [
        {"task_description": "x" * 16_000},
        {"rounds": 0, "num_agents": 0},
        {"rounds": 5, "num_agents": 10},
        {"constraints": Constraints(max_iterations=2**31 - 1, timeout_seconds=3600, rubric="x" * 8_000)},
        {"constraints": Constraints(requirements=("x" * 1_000,) * 50)},
        {"context": ContextSelection(max_events=200, scopes=("x" * 1_000,) * 50)},
        {"case_id": "x" * 128, "story_id": "x" * 128, "plan_id": "x" * 128},
    ],
)
def test_what_is_just_within_the_limits_is_taken(changes: dict[str, object]) -> None:
    validate(make_request(**changes), "x" * 128, _LIMITS)


def test_a_bad_task_id_is_named_beside_the_rest() -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate(make_request(rounds=99), "*", _LIMITS)
    assert [violation.field for violation in raised.value.violations] == ["rounds", "task_id"]


def test_seeds_of_different_steps_differ() -> None:
    seeds = {seed_for(f"t/0/propose/agent-{number}", 1) for number in range(100)}

    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_errors_carry_what_a_caller_acts_on() -> None:
    assert Overloaded(5, retry_after_ms=1234).retry_after_ms == 1234
    lost = DependencyLost("redis", "refused")
    assert (lost.dependency, lost.reason) == ("redis", "refused")
    assert "redis" in str(lost)
    assert "refused" in str(lost)
    unknown = UnknownRole("POET", ("DEV", "QA"))
    assert (unknown.role, unknown.known) == ("POET", ("DEV", "QA"))
    assert all(word in str(unknown) for word in ("POET", "DEV", "QA"))
    assert "POET" in str(CouncilExists("POET"))
    assert all("t-1" in str(error) for error in (UnknownDeliberation("t-1"), TaskIdTaken("t-1")))
