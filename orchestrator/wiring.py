"""What is wired alike, whatever adapters are behind the ports."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.adapters.grpc.authentication import read_tokens
from orchestrator.adapters.grpc.credentials import TlsFiles
from orchestrator.adapters.grpc.server import GrpcServer, ServerPolicy
from orchestrator.application.ownership import Ownership
from orchestrator.application.ports import Lease
from orchestrator.application.progress import Progress
from orchestrator.application.readiness import Readiness
from orchestrator.composition import Composition, Ports
from orchestrator.service_instrumentation import ServiceInstrumentation
from orchestrator.settings import Settings


@dataclass(frozen=True)
class Service:
    """A wired service. `tasks` run beside the server; `closing` is called in order, after the server has stopped."""

    server: GrpcServer
    readiness: Readiness
    progress: Progress
    ownership: Ownership
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    closing: Sequence[Callable[[], Awaitable[None]]]


def make_server(settings: Settings, composed: Composition, seen: ServiceInstrumentation) -> GrpcServer:
    """The server as the settings have it. Raises UnusableToken, UnusableCertificate or ServerCannotListen."""
    tls = None
    if settings.tls_cert_file:
        client_ca = Path(settings.tls_client_ca_file) if settings.tls_client_ca_file else None
        tls = TlsFiles(Path(settings.tls_cert_file), Path(settings.tls_key_file), client_ca)
    tokens = read_tokens(Path(settings.token_file)) if settings.token_file else ()
    policy = ServerPolicy(tls, tokens, settings.max_calls, settings.max_message_bytes)
    return GrpcServer(composed.service, settings.listen, policy, seen.interceptors())


def make_ownership(settings: Settings, ports: Ports, instance: str) -> Ownership:
    """What an instance owns, with leases as long as the settings have it."""
    return Ownership(ports.deliberations, ports.leases, ports.registry, Lease(instance, settings.lease_s))
