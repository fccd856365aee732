"""Calls as metrics, by the names that gRPC servers have for Prometheus everywhere."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from prometheus_client import CollectorRegistry, Counter, Histogram

from orchestrator.adapters.grpc.interception import Context, Handler, outcome, surrounded
from orchestrator.adapters.telemetry.exposition import DURATIONS_S

_CALL = ("grpc_type", "grpc_service", "grpc_method")
_TYPES = {
    (False, False): "unary",
    (False, True): "server_stream",
    (True, False): "client_stream",
    (True, True): "bidi_stream",
}


class MeasuresCalls(grpc.aio.ServerInterceptor):
    """Counts calls by method and code, and how long they take. Methods that do not exist are not counted."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._started = Counter("grpc_server_started", "Calls that were begun.", _CALL, registry=registry)
        self._handled = Counter("grpc_server_handled", "Calls that ended.", (*_CALL, "grpc_code"), registry=registry)
        self._seconds = Histogram(
            "grpc_server_handling_seconds", "How long calls took.", _CALL, buckets=DURATIONS_S, registry=registry
        )

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        _, service, method = handler_call_details.method.split("/")
        call = (_TYPES[handler.request_streaming, handler.response_streaming], service, method)

        @asynccontextmanager
        async def measured(context: Context) -> AsyncIterator[None]:
            self._started.labels(*call).inc()
            began, ended_by = time.monotonic(), None
            try:
                yield
            except BaseException as error:
                ended_by = error
                raise
            finally:
                self._seconds.labels(*call).observe(time.monotonic() - began)
                self._handled.labels(*call, _in_camel_case(outcome(context, ended_by))).inc()

        return surrounded(handler, measured)


def _in_camel_case(code: grpc.StatusCode) -> str:
    """As the label has it: OK, NotFound, DeadlineExceeded."""
    return code.name if code is grpc.StatusCode.OK else code.name.title().replace("_", "")
