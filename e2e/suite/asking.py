"""Asks the orchestrator for deliberations, all side by side, and keeps what each left in the stack."""

from collections.abc import Sequence
from typing import Any

import grpc

from e2e.suite.evidence import RPC_SECONDS, Evidence, Stack, check_requests, gather, new_task_id
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

Request = pb.DeliberateRequest | pb.OrchestrateRequest
# What became of a request. Why there is no evidence is for the test that asked, and for no other.
Outcome = Evidence | grpc.RpcError | AssertionError


def ask(
    orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack | None, requests: Sequence[Request]
) -> list[Outcome]:
    """Makes all calls side by side, waits for all, and tells what became of each.

    Requests without a task_id are given one. Raises AssertionError where all went well, but vLLM finished more or
    fewer requests meanwhile than these deliberations asked of it.
    """
    before = stack.model_server.finished_requests() if stack else 0
    for request in requests:
        request.task_id = request.task_id or new_task_id()
    calls = [_begin(orchestrator, request) for request in requests]
    outcomes = [_outcome(stack, request, call) for request, call in zip(requests, calls, strict=True)]
    evidence = [outcome for outcome in outcomes if isinstance(outcome, Evidence)]
    if len(evidence) == len(outcomes):
        check_requests(stack, before, evidence)
    return outcomes


def evidence_of(outcomes: Sequence[Outcome]) -> list[Evidence]:
    """The evidence, or the first error raised."""
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Evidence)]


def _begin(orchestrator: pb_grpc.OrchestratorServiceStub, request: Request) -> "grpc.Future[Any]":
    if isinstance(request, pb.DeliberateRequest):
        return orchestrator.Deliberate.future(request, timeout=RPC_SECONDS)
    return orchestrator.Orchestrate.future(request, timeout=RPC_SECONDS)


def _outcome(stack: Stack | None, request: Request, call: "grpc.Future[Any]") -> Outcome:
    try:
        response = call.result()
        assert response.duration_ms >= 0
        if isinstance(response, pb.DeliberateResponse):
            assert response.status == pb.DELIBERATION_STATUS_COMPLETED
            assert response.task_id == request.task_id
            assert not response.warnings
        else:
            assert response.execution_id == response.metadata.execution_id != ""
        return gather(stack, request.task_id, response)
    except (grpc.RpcError, AssertionError) as error:
        return error
