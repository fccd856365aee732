"""The port through which work is recorded as spans of a trace."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]


class SpanKind(StrEnum):
    """How a span stands to the spans around it, as OpenTelemetry has it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(Protocol):
    """A piece of work that is being recorded."""

    def note(self, attributes: Attributes) -> None:
        """Adds attributes to it."""

    def fail(self, error_type: str, description: str = "") -> None:
        """Says that the work failed, and by which kind of error (of few kinds)."""


class Tracer(Protocol):
    """Records spans."""

    def span(self, name: str, kind: SpanKind, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span for the duration of the block. An exception that leaves the block has it fail.

        It continues the trace of the work at hand (see correlation), or begins one where there is none; in the block it is
        what the trace continues from.
        """

    async def close(self) -> None:
        """Exports what is left."""


class _NoSpan:
    def note(self, attributes: Attributes) -> None:
        pass

    def fail(self, error_type: str, description: str = "") -> None:
        pass


class NoTracer:
    """Tracer that records nothing. A trace that a caller began is still passed on."""

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: Attributes) -> Iterator[Span]:
        yield _NoSpan()

    async def close(self) -> None:
        pass
