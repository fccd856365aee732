"""Calls of the service as server spans, by the semantic conventions for RPC."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from orchestrator.adapters.grpc.interception import CONTRACT, Context, Handler, outcome, surrounded
from orchestrator.application import correlation
from orchestrator.application.tracing import SpanKind, Tracer

# https://opentelemetry.io/docs/specs/semconv/rpc/grpc/: for a server the other codes are the caller's doing.
_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class TracesCalls(grpc.aio.ServerInterceptor):
    """Has each call of the contract's service be a span, in the trace that its caller names in `traceparent`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(CONTRACT):
            return handler
        method = handler_call_details.method.removeprefix("/")
        metadata = handler_call_details.invocation_metadata or ()
        traceparent = next((str(value) for key, value in metadata if key == "traceparent"), "")

        @asynccontextmanager
        async def traced(context: Context) -> AsyncIterator[None]:
            # The call's context is its own, and ends with it.
            correlation.bind(traceparent=traceparent)
            ended_by: BaseException | None = None
            with self._tracer.span(method, SpanKind.SERVER, {"rpc.system.name": "grpc", "rpc.method": method}) as span:
                try:
                    yield
                except BaseException as error:  # noqa: BLE001 (raised below; which of them is a failure, the code says)
                    ended_by = error
                code = outcome(context, ended_by)
                span.note({"rpc.response.status_code": code.name})
                if code in _FAULTS:
                    span.fail(code.name)
            if ended_by:
                raise ended_by

        return surrounded(handler, traced)
