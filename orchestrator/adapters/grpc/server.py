"""The gRPC server: the service, health and reflection on one port."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from orchestrator.adapters.grpc.authentication import RequiresToken
from orchestrator.adapters.grpc.bounds import LimitsCalls, RefusesMalformed
from orchestrator.adapters.grpc.credentials import TlsFiles, UnusableCertificate, server_credentials
from orchestrator.adapters.grpc.service import OrchestratorService
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["OrchestratorService"].full_name

# Checks of health at once: they have a share of their own.
_CHECKS = 128
# Calls that are being refused, or whose request has not come yet.
_SPARE_CALLS = 512
_METADATA_BYTES = 16 * 1024


@dataclass(frozen=True)
class ServerPolicy:
    """What the server asks of callers.

    `tokens`: one of these, if there are any. `max_message_bytes`: of a request. `max_watches`: of health, at once.
    """

    tls: TlsFiles | None = None
    tokens: Sequence[str] = ()
    max_calls: int = 1000
    max_message_bytes: int = 1024 * 1024
    max_watches: int = 128

    def options(self) -> Sequence[tuple[str, int]]:
        """Channel arguments of gRPC."""
        return (
            ("grpc.max_receive_message_length", self.max_message_bytes),
            ("grpc.max_metadata_size", _METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", 2 * _METADATA_BYTES),
            # A client with one connection is to be refused by a status, not to wait for a stream.
            ("grpc.max_concurrent_streams", self.max_calls + _SPARE_CALLS),
            # Clients behind proxies send keepalives; the default would drop those that do so more often than every 5
            # minutes.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            # A client that vanished without a word is found out, and what it holds is let go.
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            # Without this a second server on the port would share it in silence.
            ("grpc.so_reuseport", 0),
        )


class ServerCannotListen(Exception):
    """The address cannot be bound, or not with this certificate."""


class GrpcServer:
    """Serves from `start` until `stop`.

    Health of "" says that the process is alive; health of the service, that what it depends on is there.
    """

    def __init__(
        self,
        service: OrchestratorService,
        listen: str,
        policy: ServerPolicy = ServerPolicy(),
        observers: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> None:
        """`observers` are outermost: they see every call and what became of it. Raises ServerCannotListen."""
        self._server = grpc.aio.server(
            options=policy.options(),
            interceptors=(
                *observers,
                *([RequiresToken(policy.tokens)] if policy.tokens else []),
                LimitsCalls(policy.max_calls, _CHECKS, policy.max_watches),
                RefusesMalformed(),
            ),
            maximum_concurrent_rpcs=policy.max_calls + _CHECKS + policy.max_watches + _SPARE_CALLS,
        )
        self._health = health.aio.HealthServicer()
        pb_grpc.add_OrchestratorServiceServicer_to_server(service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        try:
            if policy.tls:
                self.port = self._server.add_secure_port(listen, server_credentials(policy.tls))
            else:
                self.port = self._server.add_insecure_port(listen)
        except UnusableCertificate as error:
            raise ServerCannotListen(f"cannot serve TLS with {error}") from error
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
