"""Where traces go, by a setting."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import __version__
from orchestrator.application.tracing import NoTracer, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
_FILE = "file:"
_TRACES_PATH = "/v1/traces"
# A collector that does not answer must not keep the process from stopping.
_TIMEOUT_S = 2


class UnusableExport(ValueError):
    """Traces cannot be written where they should go."""


def make_tracer(destination: str, service: str) -> Tracer:
    """The tracer of this process, for a `service` (orchestrator, orchestrator-agent). Raises UnusableExport.

    `destination` is empty for none, `file:<folder>` for a file of this process in that folder, or the address of an OTLP
    collector over HTTP. The SDK is imported only where there is one.
    """
    if not destination:
        return NoTracer()
    from orchestrator.adapters.telemetry.otel_tracer import OtelTracer  # noqa: PLC0415

    instance = f"{socket.gethostname()}-{os.getpid()}"
    resource = {"service.name": service, "service.version": __version__, "service.instance.id": instance}
    return OtelTracer(_exporter(destination, f"traces-{service}-{instance}.jsonl"), resource)


def _exporter(destination: str, file_name: str) -> "SpanExporter":
    if destination.startswith(_FILE):
        from orchestrator.adapters.telemetry.otlp_file import OtlpFileExporter  # noqa: PLC0415

        try:
            return OtlpFileExporter(Path(destination.removeprefix(_FILE)) / file_name)
        except OSError as error:
            raise UnusableExport(f"traces cannot be written to {destination}: {error}") from error
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return OTLPSpanExporter(destination.rstrip("/").removesuffix(_TRACES_PATH) + _TRACES_PATH, timeout=_TIMEOUT_S)
