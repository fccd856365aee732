"""The tracer that records nothing."""

import pytest

from orchestrator.application.correlation import about, current_traceparent
from orchestrator.application.tracing import NoTracer, SpanKind

_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_callers_trace_is_passed_on_as_it_came() -> None:
    tracer = NoTracer()

    with about(traceparent=_PARENT), tracer.span("a name", SpanKind.SERVER, {}) as span:
        span.note({"a": 1})
        span.fail("some_error")
        assert current_traceparent() == _PARENT
    await tracer.close()


def test_exceptions_pass_through() -> None:
    with pytest.raises(LookupError), NoTracer().span("a name", SpanKind.INTERNAL, {}):
        raise LookupError
