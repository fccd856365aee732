"""A task's context: what is in which block, and when it counts as another one."""

from dataclasses import replace

import pytest

from orchestrator.domain.context import ContextEvent, ContextKind, ContextSelection
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.request import Constraints, Limits
from orchestrator.domain.task_context import (
    PHASES,
    KnownTask,
    TaskContext,
    TaskContextRequest,
    render_context,
    settle,
    validate_task_context,
)

_REQUEST = TaskContextRequest(case_id="case-1", role="QA", phase="TEST")
_TASK = KnownTask(
    "QA", " Test it. ", Constraints("clear", ("must be\nfast",)), "case-1", "story-1", outcome="Deliberated on: failed"
)
_EVENTS = {kind: [ContextEvent(f"e{kind}", "case-1", kind, f"A {kind}.", 1, scope="db")] for kind in ContextKind}


def test_each_block_has_its_own() -> None:
    context = render_context(replace(_REQUEST, story_id="story-1"), "quality engineer", _TASK, _EVENTS)

    assert context.system == f"You are a quality engineer. Phase: TEST. {PHASES['TEST']}"
    assert context.context.splitlines() == [
        "Story: story-1",
        "Task: Test it.",
        "Requirement: must be fast",
        "Judged by: clear",
        "Summary: A summary.",
        "Decided: A decision.",
    ]
    assert len(context.tools.splitlines()) == 3
    assert context.history.splitlines() == ["Happened: A timeline.", "Deliberated on: failed"]
    assert context.text.split("\n\n") == [context.system, context.context, context.tools, context.history]


def test_of_a_task_that_is_not_known_there_is_the_case_alone() -> None:
    context = render_context(_REQUEST, "quality engineer", None, _EVENTS)

    assert context.context.splitlines() == ["Summary: A summary.", "Decided: A decision."]
    assert len(context.tools.splitlines()) == 1
    assert context.history == "Happened: A timeline."


def test_blocks_with_nothing_leave_no_gap() -> None:
    context = render_context(_REQUEST, "quality engineer", None, {})

    assert (context.context, context.history) == ("", "")
    assert context.text == f"{context.system}\n\n{context.tools}"


@pytest.mark.parametrize(
    ("selection", "context", "history"),
    [
        (ContextSelection(timeline=False), "Summary: A summary.\nDecided: A decision.", ""),
        (ContextSelection(decisions=False), "Summary: A summary.", "Happened: A timeline."),
        (ContextSelection(summaries=False), "Decided: A decision.", "Happened: A timeline."),
        (ContextSelection(scopes=("ui",)), "", ""),
    ],
)
def test_options_choose_what_of_the_case_is_told(selection: ContextSelection, context: str, history: str) -> None:
    found = render_context(replace(_REQUEST, selection=selection), "quality engineer", None, _EVENTS)

    assert (found.context, found.history) == (context, history)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本", 2)])
def test_four_bytes_count_as_a_token(text: str, tokens: int) -> None:
    assert TaskContext(text, "", "", "").tokens == tokens


def test_the_version_is_another_one_exactly_when_a_block_is() -> None:
    contexts = [
        TaskContext("a", "b", "", ""),
        TaskContext("a\n\nb", "", "", ""),
        TaskContext("a", "", "b", ""),
        TaskContext("a", "b", "", "c"),
    ]

    assert len({context.version for context in contexts}) == 4
    assert TaskContext("a", "b", "", "").version == contexts[0].version


def test_a_known_task_fills_in_what_the_request_leaves_open() -> None:
    assert settle(TaskContextRequest(task_id="t"), _TASK) == TaskContextRequest(
        task_id="t", case_id="case-1", story_id="story-1", role="QA", phase="BUILD"
    )
    asked = TaskContextRequest(task_id="t", role="DEV", phase="DOCS")
    assert (settle(asked, _TASK).role, settle(asked, _TASK).phase) == ("DEV", "DOCS")
    assert settle(TaskContextRequest(task_id="t", case_id="c"), KnownTask("QA", "Test.")).case_id == "c"


@pytest.mark.parametrize(
    ("request_", "known", "fields"),
    [
        (TaskContextRequest(case_id="case-1"), None, ["role"]),
        (TaskContextRequest(case_id="case-2", story_id="story-2"), _TASK, ["case_id", "story_id"]),
    ],
)
def test_what_cannot_be_settled_is_named(
    request_: TaskContextRequest, known: KnownTask | None, fields: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        settle(request_, known)

    assert [violation.field for violation in raised.value.violations] == fields


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (TaskContextRequest(), ["task_id"]),
        (TaskContextRequest("t" * 129, "c" * 129, "s" * 129), ["task_id", "case_id", "story_id"]),
        (replace(_REQUEST, role="qa"), ["role"]),
        (replace(_REQUEST, phase="PARTY"), ["phase"]),
        (
            replace(_REQUEST, selection=ContextSelection(max_events=201, scopes=("x" * 1001,))),
            ["options.max_events", "options.scopes[0]"],
        ),
        (
            replace(_REQUEST, selection=ContextSelection(max_events=-1, scopes=("",) * 51)),
            ["options.max_events", "options.scopes"],
        ),
    ],
)
def test_what_is_not_acceptable_is_named(request_: TaskContextRequest, fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate_task_context(request_, Limits())

    assert [violation.field for violation in raised.value.violations] == fields


def test_the_least_that_must_be_given() -> None:
    validate_task_context(TaskContextRequest(task_id="t"), Limits())
    validate_task_context(TaskContextRequest(case_id="c"), Limits())
