"""Fixtures: clients of the stack, by the addresses in the environment, and a way to deliberate and keep the evidence."""

import os
from collections.abc import Callable, Iterator

import grpc
import pytest
import redis

from e2e.suite.evidence import Evidence, Stack, counted_requests, gather, new_task_id
from e2e.suite.observe import Journal, ModelServer, RayCluster, Store
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

# Longer than any deliberation here takes; a test that comes to it has failed.
RPC_SECONDS = 90

Deliberate = Callable[..., list[Evidence]]
Orchestrate = Callable[..., list[Evidence]]


@pytest.fixture(scope="session")
def orchestrator() -> Iterator[pb_grpc.OrchestratorServiceStub]:
    """A stub of the orchestrator."""
    with grpc.insecure_channel(os.environ["ORCHESTRATOR_ADDRESS"]) as channel:
        yield pb_grpc.OrchestratorServiceStub(channel)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """What the tests look into beside the orchestrator."""
    with redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True) as client:
        yield Stack(
            model=os.environ["MODEL"],
            model_server=ModelServer(os.environ["VLLM_URL"]),
            ray=RayCluster(os.environ["RAY_DASHBOARD_URL"]),
            store=Store(client),
            journal=Journal(os.environ["NATS_URL"]),
        )


@pytest.fixture
def deliberate(orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack) -> Deliberate:
    """Deliberates on every request given, all at once, and returns what each left in the stack."""

    def call(*requests: pb.DeliberateRequest) -> list[Evidence]:
        for request in requests:
            request.task_id = request.task_id or new_task_id()
        with counted_requests(stack) as evidence:
            calls = [orchestrator.Deliberate.future(request, timeout=RPC_SECONDS) for request in requests]
            for request, response in zip(requests, [call.result() for call in calls], strict=True):
                assert response.status == pb.DELIBERATION_STATUS_COMPLETED
                assert response.task_id == request.task_id
                assert response.duration_ms > 0
                assert not response.warnings
                evidence.append(gather(stack, request.task_id, response))
        return evidence

    return call


@pytest.fixture
def orchestrate(orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack) -> Orchestrate:
    """Orchestrates every request given, all at once, and returns what each left in the stack."""

    def call(*requests: pb.OrchestrateRequest) -> list[Evidence]:
        for request in requests:
            request.task_id = request.task_id or new_task_id()
        with counted_requests(stack) as evidence:
            calls = [orchestrator.Orchestrate.future(request, timeout=RPC_SECONDS) for request in requests]
            for request, response in zip(requests, [call.result() for call in calls], strict=True):
                assert response.execution_id == response.metadata.execution_id != ""
                assert response.duration_ms > 0
                evidence.append(gather(stack, request.task_id, response))
        return evidence

    return call
