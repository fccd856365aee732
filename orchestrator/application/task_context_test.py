"""What is known of a task, and what follows where little is."""

import pytest

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.council_request import NewCouncil
from orchestrator.domain.derivation import DerivationRequest
from orchestrator.domain.errors import InvalidRequest, UnknownRole, UnknownTask
from orchestrator.domain.task_context import TaskContextRequest
from orchestrator.testing.builders import START_MS, make_request
from orchestrator.testing.stage import Stage

_DECISION = ContextEvent("e1", "case-1", ContextKind.DECISION, "Use SQL.", 1)


async def test_a_derived_task_brings_its_case_and_role() -> None:
    stage = Stage()
    await stage.contexts.append(_DECISION)
    dev, qa = (await stage.derive_subtasks(DerivationRequest("case-1", "plan-1", ("DEV", "QA")))).tasks

    context = await stage.get_task_context(TaskContextRequest(task_id=qa.task_id))

    assert context.system.startswith("You are a quality engineer.")
    assert qa.description in context.context
    assert "Decided: Use SQL." in context.context
    assert context != await stage.get_task_context(TaskContextRequest(task_id=dev.task_id))


async def test_a_task_that_was_deliberated_on_brings_what_came_of_it() -> None:
    stage = Stage()
    await stage.contexts.append(_DECISION)
    await stage.start(make_request(kind="orchestrate", case_id="case-1", story_id="story-1"), "task-1")
    request = TaskContextRequest(task_id="task-1")

    before = await stage.get_task_context(request)
    await stage.finish("task-1")
    after = await stage.get_task_context(request)

    assert before.context.splitlines() == ["Story: story-1", "Task: Add two numbers.", "Decided: Use SQL."]
    assert before.history == ""
    assert after.history.startswith("Deliberated on: completed; agent-dev-")
    assert after.history.endswith("revise 1 by " + after.history.split()[3])
    assert before.version != after.version


async def test_a_task_without_results_says_why() -> None:
    stage = Stage()
    await stage.start(make_request(), "task-1")
    deliberation = await stage.load("task-1")
    deliberation.cancel("not needed", START_MS)
    await stage.store.save(deliberation)

    context = await stage.get_task_context(TaskContextRequest(task_id="task-1"))

    assert context.history == "Deliberated on: cancelled; not needed"


async def test_a_derived_task_that_was_deliberated_on_has_both() -> None:
    stage = Stage()
    (task,) = (await stage.derive_subtasks(DerivationRequest("case-1", "plan-1", ("DEV",)))).tasks
    await stage.start(make_request(task_description="Something else."), task.task_id)
    await stage.finish(task.task_id)

    context = await stage.get_task_context(TaskContextRequest(task_id=task.task_id))

    assert task.description in context.context
    assert "completed" in context.history


async def test_a_case_alone_is_enough_and_so_is_one_of_which_nothing_is_known() -> None:
    stage = Stage()
    await stage.contexts.append(_DECISION)

    known = await stage.get_task_context(TaskContextRequest(task_id="nothing", case_id="case-1", role="DEV"))
    empty = await stage.get_task_context(TaskContextRequest(case_id="case-2", role="DEV"))

    assert known.context == "Decided: Use SQL."
    assert empty.context == ""


@pytest.mark.parametrize("task_id", ["nothing", "drv-0123456789abcdef-dev-1"])
async def test_a_task_that_nobody_knows_is_not_found_without_a_case(task_id: str) -> None:
    with pytest.raises(UnknownTask):
        await Stage().get_task_context(TaskContextRequest(task_id=task_id, role="DEV"))


async def test_what_a_derivation_does_not_have_is_not_its_task() -> None:
    stage = Stage()
    (task,) = (await stage.derive_subtasks(DerivationRequest("case-1", "plan-1", ("DEV",)))).tasks

    with pytest.raises(UnknownTask):
        await stage.get_task_context(TaskContextRequest(task_id=task.task_id.replace("-1", "-2")))


async def test_a_council_says_what_its_agents_are() -> None:
    stage = Stage()
    await stage.create_council(NewCouncil("WRITER", parameters={"title": "novelist"}))

    context = await stage.get_task_context(TaskContextRequest(case_id="case-1", role="WRITER", phase="DOCS"))

    assert context.system.startswith("You are a novelist.")
    with pytest.raises(UnknownRole):
        await stage.get_task_context(TaskContextRequest(case_id="case-1", role="POET"))
    with pytest.raises(InvalidRequest):
        await stage.get_task_context(TaskContextRequest(case_id="case-1", phase="PARTY"))
