"""Plans: taken in as events, split into tasks, and told to agents as context."""

import time
import uuid

import pytest

from e2e.suite.evidence import Stack
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

EVENT_WAIT_SECONDS = 10.0


@pytest.fixture
def case_id() -> str:
    """A case that no other test has."""
    return f"case-{uuid.uuid4()}"


def _approved(case_id: str) -> pb.PlanningEventRequest:
    return pb.PlanningEventRequest(
        event_type="plan.state_changed",
        case_id=case_id,
        plan_id="plan-1",
        from_state="DRAFT",
        to_state="APPROVED",
        timestamp_ms=int(time.time() * 1000),
        metadata={
            "title": "An import of orders",
            "tasks.DEV": "- Read the file\n- Write the orders",
            "roles": "QA,DEV",
            "auto_publish_to_nats": "true",
        },
    )


def test_an_approved_plan_becomes_tasks(
    orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None, case_id: str
) -> None:
    """The same event twice derives once; the tasks are published in order, once, and their context is there."""
    event = _approved(case_id)

    first, second = (orchestrator.ProcessPlanningEvent(event, timeout=10) for _ in range(2))
    derived = orchestrator.DeriveSubtasks(
        pb.DeriveSubtasksRequest(case_id=case_id, plan_id="plan-1", roles=["DEV", "QA"]), timeout=10
    )

    ids = [task.task_id for task in derived.tasks]
    assert list(first.derived_task_ids) == list(second.derived_task_ids) == ids
    assert [task.role for task in derived.tasks] == ["DEV", "DEV", "QA"]
    assert [list(task.dependencies) for task in derived.tasks] == [[], ids[:1], ids[1:2]]
    context = orchestrator.GetTaskContext(pb.GetTaskContextRequest(task_id=ids[0]), timeout=10)
    assert "Read the file" in context.blocks.context
    assert "plan-1 went from DRAFT to APPROVED" in context.blocks.history
    if backstage:
        published = backstage.journal.read("orchestration.tasks.*", count=3)
        assert [message.data["task_id"] for message in published if message.data["case_id"] == case_id] == ids


def test_a_published_planning_event_is_taken_in(
    orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack, case_id: str
) -> None:
    """An event on planning.> comes to the case's timeline."""
    event = _approved(case_id)
    stack.journal.publish(
        "planning.plan",
        {
            "event_type": event.event_type,
            "case_id": case_id,
            "plan_id": event.plan_id,
            "to_state": "DRAFT",
            "timestamp_ms": event.timestamp_ms,
        },
    )
    request = pb.GetTaskContextRequest(case_id=case_id, role="DEV")
    deadline = time.monotonic() + EVENT_WAIT_SECONDS

    while not (history := orchestrator.GetTaskContext(request, timeout=10).blocks.history):
        assert time.monotonic() < deadline, "the event was not taken in"
        time.sleep(0.05)
    assert history == "Happened: Plan plan-1 went to DRAFT"
