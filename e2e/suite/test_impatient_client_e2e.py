"""A client that gives up on a call."""

import grpc

from e2e.suite.errors import refused
from e2e.suite.evidence import Stack, check_deliberation, counted_requests, gather, new_task_id, until_over
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


def test_orchestrate_goes_on_without_its_client(orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack) -> None:
    """What a client gives up on goes on, and its result is there under its task_id."""
    impatient = pb.OrchestrateRequest(
        task_description="Write a long essay on databases.",
        role="DEV",
        task_id=new_task_id(),
        options=pb.OrchestratorOptions(enable_peer_review=True, deliberation_rounds=1),
    )
    with counted_requests(stack) as finished:
        error = refused(lambda: orchestrator.Orchestrate(impatient, timeout=0.2))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        result = until_over(orchestrator, impatient.task_id)
        assert result.status == pb.DELIBERATION_STATUS_COMPLETED
        finished.append(gather(stack, impatient.task_id, result))
        check_deliberation(finished[0], role="DEV", agents=3, rounds=1)
