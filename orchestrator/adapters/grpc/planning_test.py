"""The contract's meaning for ProcessPlanningEvent and DeriveSubtasks."""

from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.testing.calls import detail, failure
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _event(**changes: Any) -> pb.PlanningEventRequest:
    return pb.PlanningEventRequest(
        **{
            "event_type": "plan.state_changed",
            "case_id": "case-1",
            "plan_id": "plan-1",
            "from_state": "DRAFT",
            "to_state": "APPROVED",
            "timestamp_ms": 1_000,
            **changes,
        }
    )


def _derive(**changes: Any) -> pb.DeriveSubtasksRequest:
    return pb.DeriveSubtasksRequest(**{"case_id": "case-1", "plan_id": "plan-1", "roles": ["DEV", "QA"], **changes})


async def test_an_approved_plan_has_its_tasks(stub: Any) -> None:
    event = _event(metadata={"roles": "DEV,QA", "title": "A parser"})

    first, second = [await stub.ProcessPlanningEvent(event) for _ in range(2)]
    derived = await stub.DeriveSubtasks(_derive())

    assert first.processed
    assert second.processed
    assert first.message != second.message
    assert list(first.derived_task_ids) == list(second.derived_task_ids) == [task.task_id for task in derived.tasks]
    assert "A parser" in derived.tasks[0].description


async def test_an_events_own_id_is_a_label_and_no_knowledge(stub: Any, stage: Stage) -> None:
    for time in (1_000, 2_000):
        await stub.ProcessPlanningEvent(_event(timestamp_ms=time, metadata={"event_id": "e1"}))

    (event,) = await stage.plans.events("case-1", "plan-1")
    assert (event.event_id, dict(event.metadata)) == ("e1", {})
    assert len((await stage.contexts.read("case-1"))[ContextKind.TIMELINE]) == 1


async def test_derived_tasks_come_in_order_with_what_they_wait_for(stub: Any, stage: Stage) -> None:
    strategy = pb.DerivationStrategy(parallel_execution=True, auto_publish_to_nats=True)

    answer = await stub.DeriveSubtasks(_derive(roles=["QA", "DEV", "DATA"], strategy=strategy))

    dev, data, qa = answer.tasks
    assert [task.role for task in answer.tasks] == ["DEV", "DATA", "QA"]
    assert (answer.total_tasks, len(answer.derivation_id)) == (3, 20)
    assert (list(dev.dependencies), list(data.dependencies)) == ([], [])
    assert list(qa.dependencies) == [dev.task_id, data.task_id]
    assert (dev.priority, data.priority, qa.priority) == (1, 1, 2)
    assert (qa.case_id, qa.plan_id) == ("case-1", "plan-1")
    assert qa.constraints.metadata["derivation_id"] == answer.derivation_id
    assert list(stage.tasks.published) == [task.task_id for task in answer.tasks]


async def test_a_derived_task_can_be_deliberated_on(stub: Any) -> None:
    task = (await stub.DeriveSubtasks(_derive())).tasks[0]
    request = pb.DeliberateRequest(
        task_id=task.task_id,
        task_description=task.description,
        role=task.role,
        constraints=task.constraints,
        mode=pb.ASYNC,
    )

    assert (await stub.Deliberate(request)).task_id == task.task_id


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        (
            "ProcessPlanningEvent",
            pb.PlanningEventRequest(),
            {"event_type", "case_id", "plan_id", "to_state", "timestamp_ms"},
        ),
        ("ProcessPlanningEvent", _event(metadata={"event_id": "x" * 129}), {"event_id"}),
        ("ProcessPlanningEvent", _event(metadata={"roles": "dev"}), {"metadata.roles[0]"}),
        ("DeriveSubtasks", pb.DeriveSubtasksRequest(), {"case_id", "plan_id"}),
        (
            "DeriveSubtasks",
            _derive(strategy=pb.DerivationStrategy(dependency_order=["DEV", "QA", "DEV"], max_tasks_per_role=-1)),
            {"strategy.dependency_order", "strategy.max_tasks_per_role"},
        ),
    ],
)
async def test_what_is_not_acceptable_is_named(stub: Any, method: str, request_: Any, fields: set[str]) -> None:
    error = await failure(getattr(stub, method)(request_))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert {violation.field for violation in detail(error, BadRequest).field_violations} == fields


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("ProcessPlanningEvent", _event(metadata={"roles": "POET"})),
        ("DeriveSubtasks", _derive(roles=["POET"])),
    ],
)
async def test_a_role_without_council_is_not_found(stub: Any, method: str, request_: Any) -> None:
    error = await failure(getattr(stub, method)(request_))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert "DEVOPS" in (error.details() or "")


async def test_a_tasks_context_is_text_and_blocks_with_a_version(stub: Any, stage: Stage) -> None:
    await stage.contexts.append(ContextEvent("e1", "case-1", ContextKind.DECISION, "Use SQL.", 1))
    task = (await stub.DeriveSubtasks(_derive())).tasks[0]

    answer = await stub.GetTaskContext(pb.GetTaskContextRequest(task_id=task.task_id, phase="DESIGN"))
    same = await stub.GetTaskContext(pb.GetTaskContextRequest(task_id=task.task_id, phase="DESIGN"))
    await stub.ProcessPlanningEvent(_event())
    later = await stub.GetTaskContext(pb.GetTaskContextRequest(task_id=task.task_id, phase="DESIGN"))

    blocks = answer.blocks
    assert answer.context_text == f"{blocks.system}\n\n{blocks.context}\n\n{blocks.tools}"
    assert "Decided: Use SQL." in blocks.context
    assert answer.token_count == -(-len(answer.context_text) // 4)
    assert same == answer
    assert (later.blocks.context, later.blocks.history) == (
        blocks.context,
        "Happened: Plan plan-1 went from DRAFT to APPROVED",
    )
    assert later.version_hash != answer.version_hash


async def test_the_longest_context_fits_what_clients_accept(stub: Any, stage: Stage) -> None:
    for kind in ContextKind:
        for number in range(200):
            await stage.contexts.append(ContextEvent(f"{number}", "case-1", kind, "\U0001f600" * 4_000, number))
    constraints = pb.TaskConstraints(rubric="\U0001f600" * 8_000, requirements=["\U0001f600" * 1_000] * 50)
    task = pb.DeliberateRequest(
        task_id="long", task_description="\U0001f600" * 16_000, role="DEV", constraints=constraints, mode=pb.ASYNC
    )
    await stub.Deliberate(task)

    request = pb.GetTaskContextRequest(
        task_id="long",
        case_id="case-1",
        options=pb.ContextOptions(
            include_timeline=True, include_decisions=True, include_summaries=True, max_events=200
        ),
    )

    assert (await stub.GetTaskContext(request)).ByteSize() > 2_000_000


async def test_options_that_are_given_mean_what_they_say(stub: Any, stage: Stage) -> None:
    await stage.contexts.append(ContextEvent("e1", "case-1", ContextKind.DECISION, "Use SQL.", 1))
    request = pb.GetTaskContextRequest(case_id="case-1", role="DEV", options=pb.ContextOptions())

    assert (await stub.GetTaskContext(request)).blocks.context == ""
    request.options.include_decisions = True
    assert (await stub.GetTaskContext(request)).blocks.context == "Decided: Use SQL."


async def test_a_task_that_nobody_knows_is_not_found(stub: Any) -> None:
    error = await failure(stub.GetTaskContext(pb.GetTaskContextRequest(task_id="nothing")))

    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_what_is_not_acceptable_in_a_context_is_named(stub: Any) -> None:
    request = pb.GetTaskContextRequest(role="dev", phase="PARTY", options=pb.ContextOptions(max_events=-1))
    error = await failure(stub.GetTaskContext(request))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    fields = {violation.field for violation in detail(error, BadRequest).field_violations}
    assert fields == {"task_id", "role", "phase", "options.max_events"}
