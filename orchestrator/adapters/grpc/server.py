"""The gRPC server: the service, health and reflection on one port."""

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from orchestrator.adapters.grpc.service import OrchestratorService
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["OrchestratorService"].full_name

_OPTIONS = (
    # Clients behind proxies send keepalives; the default would drop those that do so more often than every 5 minutes.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # Without this a second server on the port would share it in silence.
    ("grpc.so_reuseport", 0),
)


class ServerCannotListen(Exception):
    """The address cannot be bound."""


class GrpcServer:
    """Serves from `start` until `stop`.

    Health of "" says that the process is alive; health of the service, that what it depends on is there.
    """

    def __init__(self, service: OrchestratorService, listen: str) -> None:
        self._server = grpc.aio.server(options=_OPTIONS)
        self._health = health.aio.HealthServicer()
        pb_grpc.add_OrchestratorServiceServicer_to_server(service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        try:
            self.port = self._server.add_insecure_port(listen)
        except RuntimeError as error:
            raise ServerCannotListen(f"cannot listen on {listen}: is the address taken?") from error

    async def start(self) -> None:
        """Starts to serve. The service is NOT_SERVING until it is said to be ready."""
        await self._health.set(SERVICE_NAME, health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        await self._server.start()

    async def set_ready(self, ready: bool) -> None:
        """Says whether what the service depends on is there."""
        status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        await self._health.set(SERVICE_NAME, status)

    async def stop(self, grace_s: float) -> None:
        """Says NOT_SERVING, takes no more calls, and gives those in progress `grace_s` seconds."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)
