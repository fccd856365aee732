"""Deriving subtasks: the same every time, in an order without cycles, from what is known."""

import json
from dataclasses import asdict, replace
from graphlib import TopologicalSorter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.derivation import (
    Derivation,
    DerivationRequest,
    Knowledge,
    Strategy,
    derivation_of,
    derivation_violations,
    derive,
    requested_by,
    validate_derivation,
)
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.planning import Brief, brief, validate_event
from orchestrator.domain.request import Limits, validate
from orchestrator.domain.role_order import default_roles
from orchestrator.testing.builders import make_planning_event, make_request

_PARALLEL = Strategy(parallel_execution=True)
_WORK = Brief("A parser", "It reads text.", "clear", ("must be tested",), {"DEV": ("Lexer", "Parser", "Printer")})


def _request(*roles: str, **strategy: Any) -> DerivationRequest:
    return DerivationRequest("case-1", "plan-1", roles, Strategy(**strategy))


def _waits(derivation: Derivation) -> dict[str, list[str]]:
    """For each task (role and number) what it waits for."""
    names = {task.task_id: task.task_id.split("-", 2)[2] for task in derivation.tasks}
    return {names[task.task_id]: [names[earlier] for earlier in task.dependencies] for task in derivation.tasks}


def test_without_roles_every_role_has_its_part_one_after_the_other() -> None:
    derivation = derive(_request(), Knowledge())

    assert [task.role for task in derivation.tasks] == list(default_roles())
    assert _waits(derivation) == {
        "architect-1": [],
        "dev-1": ["architect-1"],
        "data-1": ["dev-1"],
        "qa-1": ["data-1"],
        "devops-1": ["qa-1"],
    }
    assert [task.priority for task in derivation.tasks] == [1, 2, 2, 3, 4]
    assert all("plan plan-1 of case case-1" in task.description for task in derivation.tasks)


def test_in_parallel_roles_of_a_rank_and_tasks_of_a_role_wait_only_for_the_roles_before() -> None:
    request = _request("DEV", "DATA", "QA", parallel_execution=True)

    assert _waits(derive(request, Knowledge(_WORK))) == {
        "dev-1": [],
        "dev-2": [],
        "dev-3": [],
        "data-1": [],
        "qa-1": ["dev-1", "dev-2", "dev-3", "data-1"],
    }


def test_a_callers_order_decides_who_is_first() -> None:
    assert _waits(derive(_request("DEV", "QA", dependency_order=("QA", "DEV")), Knowledge())) == {
        "qa-1": [],
        "dev-1": ["qa-1"],
    }


def test_a_task_says_where_it_is_from() -> None:
    for task in derive(_request("DEV", "QA"), Knowledge()).tasks:
        assert (task.case_id, task.plan_id) == ("case-1", "plan-1")
        assert task.constraints.metadata == {"derivation_id": _request("DEV", "QA").derivation_id}


def test_tasks_are_what_the_plan_says_of_a_role() -> None:
    derivation = derive(_request("DEV", "QA"), Knowledge(_WORK))

    dev, _, _, qa = [task.description for task in derivation.tasks]
    assert dev == "Lexer\nPart of: A parser.\nIt reads text."
    assert qa.startswith("Test A parser")
    assert qa.endswith("\nIt reads text.")
    assert {task.constraints.rubric for task in derivation.tasks} == {"clear"}


def test_what_is_over_the_bound_goes_into_the_last_task() -> None:
    derivation = derive(_request("DEV", max_tasks_per_role=2), Knowledge(_WORK))

    assert [task.description.split("\nPart of")[0] for task in derivation.tasks] == ["Lexer", "Parser\nPrinter"]


def test_decisions_become_requirements_of_whom_they_concern() -> None:
    scopes = ("", "plan-1", "DEV", "QA", "another plan")
    decisions = [
        ContextEvent(f"e{number}", "case-1", ContextKind.DECISION, f"Decision  {scope or 'of all'}", number, scope)
        for number, scope in enumerate(scopes)
    ]

    dev, qa = derive(_request("DEV", "QA", max_tasks_per_role=1), Knowledge(_WORK, decisions)).tasks

    assert dev.constraints.requirements == ("must be tested", "Decision of all", "Decision plan-1", "Decision DEV")
    assert qa.constraints.requirements == ("must be tested", "Decision of all", "Decision plan-1", "Decision QA")


def test_a_role_of_the_callers_own_has_a_part_too_and_titles_are_not_patterns() -> None:
    (task,) = derive(_request("TECH_WRITER"), Knowledge(Brief(title="{0} {subject} %s"))).tasks

    assert task.description == "As tech writer, do your part of {0} {subject} %s."


def test_ids_are_the_same_for_the_same_request_and_others_for_another() -> None:
    request = _request("DEV", "QA")
    same = [request, _request("QA", "DEV"), replace(request, strategy=Strategy(auto_publish=True))]
    others = [
        replace(request, case_id="other"),
        replace(request, plan_id="other"),
        _request("DEV"),
        _request("DEV", "QA", parallel_execution=True),
        _request("DEV", "QA", max_tasks_per_role=1),
        _request("DEV", "QA", dependency_order=("QA", "DEV")),
    ]

    assert len({derive(one, Knowledge()).derivation_id for one in same}) == 1
    assert derive(same[0], Knowledge(_WORK)) == derive(same[1], Knowledge(_WORK))
    assert len({derive(one, Knowledge()).derivation_id for one in [request, *others]}) == 7
    assert derive(_request(), Knowledge()) == derive(_request(*default_roles()), Knowledge())


def test_a_task_tells_which_derivation_it_belongs_to() -> None:
    for task in derive(_request(), Knowledge()).tasks:
        assert derivation_of(task.task_id) == _request().derivation_id
    for other in ("", "task-1", "drv-", "drv-0123456789abcdef", "drv-0123456789abcdefx-dev-1"):
        assert derivation_of(other) == ""


def test_a_derived_task_can_be_deliberated_on_as_it_is() -> None:
    long = Brief("x" * 4_000, "y" * 4_000, "z" * 4_000, ("r" * 4_000,) * 2, {"DEV": ("t" * 4_000,) * 30})
    decisions = [ContextEvent("e", "case-1", ContextKind.DECISION, "d" * 4_000, 1)]

    for task in derive(_request("DEV", max_tasks_per_role=2), Knowledge(long, decisions)).tasks:
        request = make_request(task_description=task.description, role=task.role, constraints=task.constraints)
        validate(request, task.task_id, Limits())


@pytest.mark.parametrize(("character", "count"), [("x", 200), ("\U0001f600", 40)])
def test_the_largest_derivation_fits_in_a_message_that_clients_take(character: str, count: int) -> None:
    roles = tuple(f"ROLE_{number}" for number in range(20))
    largest = make_planning_event(
        metadata=dict.fromkeys(("title", "description", "rubric"), character * 4_000)
        | {"requirements": "\n".join(character * 997 + f"{n}" for n in range(4))}
        | {f"tasks.{role}": f"{character}\n" * 350 for role in roles}
    )
    decisions = [
        ContextEvent(f"e{n}", "case-1", ContextKind.DECISION, f"{n}{character * 2_000}", n) for n in range(200)
    ]
    request = _request(*roles, parallel_execution=True)
    validate_event(largest)
    validate_derivation(request)

    derivation = derive(request, Knowledge(brief([largest]), decisions))

    assert len(derivation.tasks) == count
    assert sum(task.description.splitlines().count(character) for task in derivation.tasks) == 20 * 350
    assert len(json.dumps(asdict(derivation), ensure_ascii=False).encode()) < 4_000_000


def test_what_is_cut_says_so() -> None:
    work = Brief("A parser", "d" * 3_000, tasks={"DEV": ("t" * 20_000,)})

    (task,) = derive(_request("DEV"), Knowledge(work)).tasks

    assert len(task.description) == Limits().max_text
    assert task.description.count("[…]") == 2


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (DerivationRequest("", " "), ["case_id", "plan_id"]),
        (DerivationRequest("c" * 129, "p"), ["case_id"]),
        (_request("dev", "DEV", "DEV"), ["roles[0]", "roles[2]"]),
        (_request(*[f"ROLE_{number}" for number in range(21)]), ["roles"]),
        (_request(max_tasks_per_role=-1), ["strategy.max_tasks_per_role"]),
        (_request(max_tasks_per_role=11), ["strategy.max_tasks_per_role"]),
        (
            _request(dependency_order=("DEV", "qa", "DEV/")),
            ["strategy.dependency_order[1]", "strategy.dependency_order[2]"],
        ),
        (_request(dependency_order=("DEV", "QA", "DEV")), ["strategy.dependency_order"]),
        (_request("ARCHITECT", "DEV", "QA", dependency_order=("QA", "ARCHITECT")), ["strategy.dependency_order"]),
    ],
)
def test_what_is_not_acceptable_is_named(request_: DerivationRequest, fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate_derivation(request_)

    assert [violation.field for violation in raised.value.violations] == fields


def test_a_contradiction_says_who_would_wait_for_whom() -> None:
    (violation,) = derivation_violations(_request("DEV", "QA", dependency_order=("DEV", "QA", "DEV")))

    assert "→" in violation.description


@pytest.mark.parametrize(
    "metadata",
    [{}, {"roles": " , "}, {"title": "A parser"}],
)
def test_an_approval_that_names_no_roles_asks_for_nothing(metadata: dict[str, str]) -> None:
    assert requested_by(make_planning_event(metadata=metadata)) is None


def test_only_an_approval_asks_for_tasks() -> None:
    assert requested_by(make_planning_event(to_state="REVIEW", metadata={"roles": "DEV"})) is None


def test_an_approval_says_how_to_derive() -> None:
    metadata = {
        "roles": "DEV, QA,",
        "dependency_order": "QA,DEV",
        "parallel_execution": "True",
        "max_tasks_per_role": "3",
        "auto_publish_to_nats": "true",
    }

    assert requested_by(make_planning_event(metadata=metadata)) == DerivationRequest(
        "case-1", "plan-1", ("DEV", "QA"), Strategy(True, ("QA", "DEV"), 3, True)
    )
    assert requested_by(make_planning_event(metadata={"roles": "DEV"})) == _request("DEV")


@pytest.mark.parametrize(
    ("metadata", "fields"),
    [
        (
            {"parallel_execution": "perhaps", "auto_publish_to_nats": "1"},
            ["parallel_execution", "auto_publish_to_nats"],
        ),
        ({"max_tasks_per_role": "many"}, ["max_tasks_per_role"]),
        ({"max_tasks_per_role": "²"}, ["max_tasks_per_role"]),
        ({"max_tasks_per_role": "99"}, ["max_tasks_per_role"]),
        ({"roles": "DEV,poet"}, ["roles[1]"]),
        ({"dependency_order": "DEV,QA,DEV"}, ["dependency_order"]),
    ],
)
def test_an_approval_that_cannot_be_read_names_its_labels(metadata: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        requested_by(make_planning_event(metadata={"roles": "DEV", **metadata}))

    assert [violation.field for violation in raised.value.violations] == [f"metadata.{name}" for name in fields]


@settings(deadline=None)
@given(
    roles=st.lists(st.sampled_from([*default_roles(), "POET"]), unique=True),
    parallel=st.booleans(),
    most=st.integers(0, 3),
    tasks=st.dictionaries(st.sampled_from(["DEV", "QA", "POET"]), st.lists(st.just("Do it."), min_size=1, max_size=4)),
)
def test_tasks_stand_behind_those_they_wait_for(
    roles: list[str], parallel: bool, most: int, tasks: dict[str, list[str]]
) -> None:
    work = Brief(tasks={role: tuple(items) for role, items in tasks.items()})
    request = _request(*roles, parallel_execution=parallel, max_tasks_per_role=most)

    derivation = derive(request, Knowledge(work))

    ids = [task.task_id for task in derivation.tasks]
    assert len(set(ids)) == len(ids)
    list(TopologicalSorter({task.task_id: task.dependencies for task in derivation.tasks}).static_order())
    for place, task in enumerate(derivation.tasks):
        assert set(task.dependencies) <= set(ids[:place])
    for role in roles or default_roles():
        assert 1 <= sum(task.role == role for task in derivation.tasks) <= (most or 10)


def test_an_order_names_no_more_roles_than_can_be_put_in_order() -> None:
    def order(roles: int) -> Strategy:
        return Strategy(dependency_order=("/".join(f"A{number}" for number in range(roles)), "B"))

    validate_derivation(DerivationRequest("case-1", "plan-1", ("DEV",), order(20)))
    for roles in (21, 100_000):
        with pytest.raises(InvalidRequest) as raised:
            validate_derivation(DerivationRequest("case-1", "plan-1", ("DEV",), order(roles)))
        assert [violation.field for violation in raised.value.violations] == ["strategy.dependency_order[0]"]
