"""Errors as gRPC statuses with google.rpc details."""

import functools
import logging
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from orchestrator.domain.errors import (
    CouncilExists,
    DeliberationCancelled,
    DeliberationFailed,
    DeliberationTimedOut,
    DependencyLost,
    InvalidRequest,
    OrchestratorError,
    Overloaded,
    TaskIdTaken,
    UnknownDeliberation,
    UnknownRole,
    UnknownTask,
)

_log = logging.getLogger(__name__)

_DETAILS_KEY = "grpc-status-details-bin"

_CODES: dict[type[OrchestratorError], grpc.StatusCode] = {
    InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownRole: grpc.StatusCode.NOT_FOUND,
    UnknownDeliberation: grpc.StatusCode.NOT_FOUND,
    UnknownTask: grpc.StatusCode.NOT_FOUND,
    CouncilExists: grpc.StatusCode.ALREADY_EXISTS,
    TaskIdTaken: grpc.StatusCode.ALREADY_EXISTS,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DependencyLost: grpc.StatusCode.UNAVAILABLE,
    DeliberationTimedOut: grpc.StatusCode.DEADLINE_EXCEEDED,
    DeliberationFailed: grpc.StatusCode.ABORTED,
    DeliberationCancelled: grpc.StatusCode.CANCELLED,
}

Q = TypeVar("Q")
A = TypeVar("A")
Context = grpc.aio.ServicerContext[Q, A]
Method = Callable[[Any, Q, Context[Q, A]], Awaitable[A]]
StreamMethod = Callable[[Any, Q, Context[Q, A]], AsyncGenerator[A, None]]


def reports_errors(method: Method[Q, A]) -> Method[Q, A]:
    """Has a method of the service answer an error of the domain with its code, message and details."""

    @functools.wraps(method)
    async def reporting(self: Any, request: Q, context: Context[Q, A]) -> A:
        async with _reported(context, method.__name__):
            return await method(self, request, context)
        raise AssertionError("not reached: an error has aborted the call")

    return reporting


def reports_errors_of_stream(method: StreamMethod[Q, A]) -> StreamMethod[Q, A]:
    """The same for a method that answers with a stream."""

    @functools.wraps(method)
    async def reporting(self: Any, request: Q, context: Context[Q, A]) -> AsyncGenerator[A, None]:
        async with _reported(context, method.__name__), aclosing(method(self, request, context)) as answers:
            async for answer in answers:
                yield answer

    return reporting


@asynccontextmanager
async def _reported(context: Context[Any, Any], method: str) -> AsyncIterator[None]:
    try:
        yield
    except OrchestratorError as error:
        code = _CODES[type(error)]
        await context.abort(code, str(error), _trailing_metadata(code, error))
    except grpc.aio.AbortError:
        raise
    except Exception:  # noqa: BLE001 (logged, and told by its id)
        # The caller gets an id to report; what went wrong inside is for the log.
        error_id = uuid.uuid4().hex[:12]
        _log.exception("unexpected error", extra={"error_id": error_id, "method": method})
        await context.abort(grpc.StatusCode.INTERNAL, f"unexpected error {error_id}")


def _trailing_metadata(code: grpc.StatusCode, error: OrchestratorError) -> tuple[tuple[str, bytes], ...]:
    detail = _detail(error)
    if detail is None:
        return ()
    return details(code, str(error), detail)


def details(code: grpc.StatusCode, message: str, detail: Message) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata by which a status carries a google.rpc detail."""
    packed = AnyMessage()
    packed.Pack(detail)
    status = Status(code=code.value[0], message=message, details=[packed])
    return ((_DETAILS_KEY, status.SerializeToString()),)


def _detail(error: OrchestratorError) -> Message | None:
    detail: Message | None = None
    if isinstance(error, InvalidRequest):
        detail = BadRequest(
            field_violations=[
                BadRequest.FieldViolation(field=violation.field, description=violation.description)
                for violation in error.violations
            ]
        )
    if isinstance(error, Overloaded):
        detail = retry_info(error.retry_after_ms)
    return detail


def retry_info(after_ms: int) -> RetryInfo:
    """The detail that says when to call again: half of that time more or less.

    A flood that is refused at once would come again at once, and its last call would wait for all others to be taken in.
    """
    delay = Duration()
    delay.FromMilliseconds(int(after_ms * random.uniform(0.5, 1.5)))  # noqa: S311 (spreads retries, hides nothing)
    return RetryInfo(retry_delay=delay)
