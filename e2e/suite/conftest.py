"""Fixtures: clients of the stack, by the addresses in the environment, and a way to deliberate and keep the evidence.

Without ORCHESTRATOR_ADDRESS the suite starts the service itself, with everything in memory (--dev). There is nothing
to look into then: tests that ask for `stack` are skipped, and those that ask for `backstage` believe the answers.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
import redis

from e2e.suite import dev_server
from e2e.suite.evidence import RPC_SECONDS, Evidence, Stack, counted_requests, gather, new_task_id
from e2e.suite.observe import Journal, ModelServer, RayCluster, Store
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

Q = TypeVar("Q", pb.DeliberateRequest, pb.OrchestrateRequest)
A = TypeVar("A", pb.DeliberateResponse, pb.OrchestrateResponse)
Deliberate = Callable[..., list[Evidence]]
Orchestrate = Callable[..., list[Evidence]]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the orchestrator."""
    if given := os.environ.get("ORCHESTRATOR_ADDRESS"):
        yield given
    else:
        with dev_server.running() as address:
            yield address


@pytest.fixture(scope="session")
def orchestrator(address: str) -> Iterator[pb_grpc.OrchestratorServiceStub]:
    """A stub of the orchestrator."""
    with grpc.insecure_channel(address) as channel:
        yield pb_grpc.OrchestratorServiceStub(channel)


@pytest.fixture(scope="session")
def backstage() -> Iterator[Stack | None]:
    """What the tests look into beside the orchestrator; None where there is nothing but the orchestrator."""
    if "REDIS_URL" not in os.environ:
        yield None
        return
    password = Path(os.environ["REDIS_PASSWORD_FILE"]).read_text()
    login = os.environ["NATS_USER"], Path(os.environ["NATS_PASSWORD_FILE"]).read_text()
    with redis.Redis.from_url(os.environ["REDIS_URL"], password=password, decode_responses=True) as client:
        yield Stack(
            model=os.environ["MODEL"],
            model_server=ModelServer(os.environ["VLLM_URL"]),
            ray=RayCluster(os.environ["RAY_DASHBOARD_URL"]),
            store=Store(client),
            journal=Journal(os.environ["NATS_URL"], login),
        )


@pytest.fixture(scope="session")
def stack(backstage: Stack | None) -> Stack:
    """The same for tests that are about what is behind the orchestrator."""
    if backstage is None:
        pytest.skip("this is about the whole stack")
    return backstage


@pytest.fixture
def deliberate(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> Deliberate:
    """Deliberates on every request given, all at once, and returns what each left in the stack."""

    def check(request: pb.DeliberateRequest, response: pb.DeliberateResponse) -> None:
        assert response.status == pb.DELIBERATION_STATUS_COMPLETED
        assert response.task_id == request.task_id
        assert not response.warnings

    return lambda *requests: _at_once(backstage, orchestrator.Deliberate, requests, check)


@pytest.fixture
def orchestrate(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> Orchestrate:
    """Orchestrates every request given, all at once, and returns what each left in the stack."""

    def check(request: pb.OrchestrateRequest, response: pb.OrchestrateResponse) -> None:
        assert response.execution_id == response.metadata.execution_id != ""

    return lambda *requests: _at_once(backstage, orchestrator.Orchestrate, requests, check)


def _at_once(
    stack: Stack | None,
    method: "grpc.UnaryUnaryMultiCallable[Q, A]",
    requests: Sequence[Q],
    check: Callable[[Q, A], None],
) -> list[Evidence]:
    """Makes the calls side by side and waits for all; `check` looks at each answer."""
    for request in requests:
        request.task_id = request.task_id or new_task_id()
    with counted_requests(stack) as evidence:
        calls = [method.future(request, timeout=RPC_SECONDS) for request in requests]
        for request, response in zip(requests, [call.result() for call in calls], strict=True):
            assert response.duration_ms >= 0
            check(request, response)
            evidence.append(gather(stack, request.task_id, response))
    return evidence
