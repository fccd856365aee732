"""Health, reflection and the port."""

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from orchestrator.adapters.grpc.server import SERVICE_NAME, GrpcServer, ServerCannotListen
from orchestrator.adapters.grpc.service import OrchestratorService


async def test_health_tells_the_process_from_the_service(channel: grpc.aio.Channel, server: GrpcServer) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)

    async def status(service: str) -> str:
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    assert await status("") == "SERVING"
    assert await status(SERVICE_NAME) == "NOT_SERVING"
    await server.set_ready(True)
    assert await status(SERVICE_NAME) == "SERVING"
    await server.set_ready(False)
    assert await status(SERVICE_NAME) == "NOT_SERVING"


async def test_reflection_lists_the_service(channel: Any) -> None:
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    (answer,) = [answer async for answer in reflection.ServerReflectionInfo(iter([request]))]

    names = {service.name for service in answer.list_services_response.service}
    assert names == {SERVICE_NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_an_address_that_is_taken_is_said(server: GrpcServer, service: OrchestratorService) -> None:
    with pytest.raises(ServerCannotListen, match=str(server.port)):
        GrpcServer(service, f"127.0.0.1:{server.port}")
