"""What the work at hand is about: its deliberation, its step, and the trace that it belongs to.

It is kept in context variables, so that tasks that are started by this work inherit it. Logs and traces read it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# https://www.w3.org/TR/trace-context/#traceparent-header. Later versions may append fields, which are cut off.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.{0,200})?"
)

_task_id: ContextVar[str] = ContextVar("task_id", default="")
_step_id: ContextVar[str] = ContextVar("step_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


def bind(*, task_id: str = "", step_id: str = "", traceparent: str = "") -> None:
    """Says it for the rest of this context, such as a call of the service. What is empty stays as it is."""
    for variable, value in _given(task_id, step_id, traceparent):
        variable.set(value)


@contextmanager
def about(*, task_id: str = "", step_id: str = "", traceparent: str = "") -> Iterator[None]:
    """Says it for the duration of the block. What is empty stays as it is."""
    tokens = [(variable, variable.set(value)) for variable, value in _given(task_id, step_id, traceparent)]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def current_traceparent() -> str:
    """The W3C traceparent of the work at hand; empty where it belongs to no trace."""
    return _traceparent.get()


def trace_headers() -> Mapping[str, str]:
    """The headers by which a request continues the trace; none where there is no trace."""
    traceparent = current_traceparent()
    return {"traceparent": traceparent} if traceparent else {}


def log_fields() -> Mapping[str, str]:
    """What a line of the log says of the work at hand: task_id, step_id, trace_id, span_id, those that there are."""
    fields = {"task_id": _task_id.get(), "step_id": _step_id.get()}
    if traceparent := current_traceparent():
        _, fields["trace_id"], fields["span_id"], _ = traceparent.split("-")
    return {name: value for name, value in fields.items() if value}


def read_traceparent(text: str) -> str:
    """A traceparent that came from outside, in the form that this service sends; empty where it is none."""
    match = _TRACEPARENT.fullmatch(text)
    return f"00-{match[1]}-{match[2]}-{match[3]}" if match else ""


def _given(task_id: str, step_id: str, traceparent: str) -> Iterator[tuple[ContextVar[str], str]]:
    pairs = ((_task_id, task_id), (_step_id, step_id), (_traceparent, read_traceparent(traceparent)))
    return ((variable, value) for variable, value in pairs if value)
