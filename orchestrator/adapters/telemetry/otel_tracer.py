"""Tracer through OpenTelemetry's SDK."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind as OtelKind

from orchestrator.application.correlation import about, current_traceparent
from orchestrator.application.tracing import Attributes, Span, SpanKind

# What a crash may lose of the last spans.
_EXPORT_EVERY_MS = 500
# Reasons of failures may quote what others sent.
_MAX_DESCRIPTION = 200


class OtelTracer:
    """Tracer whose spans go to `exporter`, in batches and from a thread of its own.

    The resource's attributes come with every span. A trace that its caller did not sample is passed on unrecorded.
    """

    def __init__(self, exporter: SpanExporter, resource: Attributes) -> None:
        self._provider = TracerProvider(
            resource=Resource.create(resource), span_limits=SpanLimits(), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_EVERY_MS))
        self._tracer = self._provider.get_tracer("orchestrator")

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: Attributes) -> Iterator[Span]:
        span = self._tracer.start_span(name, context=_parent(), kind=OtelKind[kind.name], attributes=dict(attributes))
        recorded = _Recorded(span)
        try:
            with about(traceparent=_traceparent(span.get_span_context())):
                yield recorded
        except BaseException as error:
            recorded.fail(type(error).__name__, str(error))
            raise
        finally:
            span.end()

    async def close(self) -> None:
        await asyncio.to_thread(self._provider.shutdown)


class _Recorded:
    """Span over OpenTelemetry's."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def fail(self, error_type: str, description: str = "") -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR, description[:_MAX_DESCRIPTION]))


def _parent() -> Context:
    """The work at hand as OpenTelemetry's context. Its own variable is not used: correlation has the trace already."""
    traceparent = current_traceparent()
    if not traceparent:
        return Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(context), Context())


def _traceparent(context: SpanContext) -> str:
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"
