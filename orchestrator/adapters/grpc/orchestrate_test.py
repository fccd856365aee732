"""The contract's meaning for Orchestrate."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.errors import MAX_VIOLATIONS
from orchestrator.testing.calls import detail, failure, work
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _orchestration(**changes: Any) -> pb.OrchestrateRequest:
    return pb.OrchestrateRequest(**{"task_id": "o", "task_description": "Sort a list.", "role": "QA", **changes})


async def test_an_orchestration_answers_with_winner_and_candidates(stub: Any, stage: Stage) -> None:
    await stage.contexts.append(ContextEvent("e1", "case-1", ContextKind.DECISION, "Use SQL.", 1))
    request = _orchestration(case_id="case-1", plan_id="plan-1")

    answer, _ = await asyncio.gather(stub.Orchestrate(request), work(stage, "o"))

    assert answer.winner == answer.candidates[0]
    assert len(answer.candidates) == 3
    assert answer.execution_id == answer.metadata.execution_id
    tags = answer.metadata.tags
    assert (tags["context.decisions"], tags["context.timeline"], tags["context.summaries"]) == ("1", "0", "0")
    assert len(tags["context.hash"]) == 16
    assert (tags["case_id"], tags["plan_id"], tags["peer_review"]) == ("case-1", "plan-1", "true")


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (pb.OrchestratorOptions(), 6),
        (pb.OrchestratorOptions(enable_peer_review=True, deliberation_rounds=2), 15),
        (pb.OrchestratorOptions(enable_architect_selection=True), 7),
        (pb.OrchestratorOptions(custom_params={"num_agents": "2"}), 4),
    ],
)
async def test_options_decide_what_is_done(
    stub: Any, stage: Stage, options: pb.OrchestratorOptions, steps: int
) -> None:
    answer, _ = await asyncio.gather(stub.Orchestrate(_orchestration(options=options)), work(stage, "o"))

    assert answer.metadata.tags["steps"] == str(steps)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task_description": " "}, "task_description"),
        ({"options": pb.OrchestratorOptions(deliberation_rounds=99)}, "options.deliberation_rounds"),
        ({"options": pb.OrchestratorOptions(custom_params={"num_agents": "x"})}, "options.custom_params['num_agents']"),
        ({"options": pb.OrchestratorOptions(custom_params={"colour": "red"})}, "options.custom_params['colour']"),
        (
            {"options": pb.OrchestratorOptions(custom_params={"num_agents": "99"})},
            "options.custom_params['num_agents']",
        ),
        ({"context_options": pb.ContextOptions(max_events=-1)}, "context_options.max_events"),
    ],
)
async def test_an_invalid_orchestration_names_its_fields(stub: Any, changes: dict[str, Any], field: str) -> None:
    error = await failure(stub.Orchestrate(_orchestration(**changes)))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in detail(error, BadRequest).field_violations] == [field]


async def test_unknown_parameters_are_named_beside_the_other_fields_in_an_error_that_fits_the_trailers(
    stub: Any,
) -> None:
    options = pb.OrchestratorOptions(custom_params={f"{number}" * 60: "" for number in range(500)})

    error = await failure(stub.Orchestrate(_orchestration(task_description="", options=options)))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    fields = [violation.field for violation in detail(error, BadRequest).field_violations]
    assert len(fields) == MAX_VIOLATIONS
    assert "more" in (error.details() or "")

    few = pb.OrchestratorOptions(custom_params={"colour": "red"})
    error = await failure(stub.Orchestrate(_orchestration(task_description="", options=few)))
    fields = [violation.field for violation in detail(error, BadRequest).field_violations]
    assert fields == ["options.custom_params['colour']", "task_description"]


async def test_an_orchestration_without_winner_is_an_error(stub: Any, stage: Stage) -> None:
    async def fail() -> None:
        while not await stage.store.load("o"):
            await asyncio.sleep(0.001)
        await stage.answer_phase("o", error="the model refused")

    error, _ = await asyncio.gather(failure(stub.Orchestrate(_orchestration())), fail())

    assert error.code() is grpc.StatusCode.ABORTED
    assert "the model refused" in (error.details() or "")
