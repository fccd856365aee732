"""A real server and client on loopback; the use cases behind it run in memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest

from orchestrator.adapters.grpc.council_methods import CouncilUseCases
from orchestrator.adapters.grpc.deliberation_methods import DeliberationUseCases
from orchestrator.adapters.grpc.observation_methods import ObservationUseCases
from orchestrator.adapters.grpc.planning_methods import PlanningUseCases
from orchestrator.adapters.grpc.server import GrpcServer, ServerPolicy
from orchestrator.adapters.grpc.service import OrchestratorService
from orchestrator.testing.stage import Stage, SwitchedDependency
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@pytest.fixture
def vllm() -> SwitchedDependency:
    return SwitchedDependency("vllm")


@pytest.fixture
async def stage(vllm: SwitchedDependency) -> Stage:
    stage = Stage([vllm], max_open=5)
    await stage.readiness.look()
    return stage


@pytest.fixture
def service(stage: Stage) -> OrchestratorService:
    councils = CouncilUseCases(
        create=stage.create_council,
        list=stage.list_councils,
        delete=stage.delete_council,
        register=stage.register,
        unregister=stage.unregister,
    )
    return OrchestratorService(
        DeliberationUseCases(
            start=stage.start,
            await_result=stage.await_result,
            get_result=stage.get_result,
            cancel=stage.cancel,
            follow=stage.follow,
            clock=stage.clock,
        ),
        councils,
        PlanningUseCases(
            process=stage.process_planning_event,
            derive=stage.derive_subtasks,
            task_context=stage.get_task_context,
        ),
        ObservationUseCases(status=stage.get_status, metrics=stage.get_metrics),
    )


@pytest.fixture
def policy() -> ServerPolicy:
    """What the server asks of callers; modules override it."""
    return ServerPolicy()


@pytest.fixture
def observers() -> Sequence[grpc.aio.ServerInterceptor]:
    """What sees every call; modules override it."""
    return ()


@pytest.fixture
async def server(
    service: OrchestratorService, policy: ServerPolicy, observers: Sequence[grpc.aio.ServerInterceptor]
) -> AsyncIterator[GrpcServer]:
    server = GrpcServer(service, "127.0.0.1:0", policy, observers)
    await server.start()
    yield server
    await server.stop(0)


@pytest.fixture
async def channel(server: GrpcServer) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    return pb_grpc.OrchestratorServiceStub(channel)
