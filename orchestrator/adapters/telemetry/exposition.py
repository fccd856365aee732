"""Metrics for Prometheus to fetch."""

import contextlib
import socket

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from orchestrator.adapters.telemetry.export import UnusableExport

# In seconds: from a call that is refused to a deliberation of many rounds.
DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


def new_registry() -> CollectorRegistry:
    """A registry with the metrics of the process and of Python."""
    # A second series beside each, with nothing but the time of its first value.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


class Exposition:
    """Serves the metrics of a registry over HTTP from construction until `close`, from a thread of its own."""

    def __init__(self, registry: CollectorRegistry, listen: str) -> None:
        """`listen` is host:port; port 0 takes a free one. Raises UnusableExport."""
        host, _, port = listen.rpartition(":")
        try:
            self._server, self._thread = start_http_server(int(port), host.strip("[]"), registry)
        except (OSError, OverflowError) as error:
            raise UnusableExport(f"metrics cannot be served on {listen}: {error}") from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stops."""
        # By itself the server looks twice a second whether it is to end. This wakes it, on Linux.
        with contextlib.suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
