"""Errors as gRPC statuses with google.rpc details."""

import functools
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from orchestrator.domain.errors import (
    CouncilExists,
    DeliberationFailed,
    DeliberationTimedOut,
    DependencyLost,
    InvalidRequest,
    OrchestratorError,
    Overloaded,
    TaskIdTaken,
    UnknownDeliberation,
    UnknownRole,
)

_log = logging.getLogger(__name__)

_DETAILS_KEY = "grpc-status-details-bin"

_CODES: dict[type[OrchestratorError], grpc.StatusCode] = {
    InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownRole: grpc.StatusCode.NOT_FOUND,
    UnknownDeliberation: grpc.StatusCode.NOT_FOUND,
    CouncilExists: grpc.StatusCode.ALREADY_EXISTS,
    TaskIdTaken: grpc.StatusCode.ALREADY_EXISTS,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DependencyLost: grpc.StatusCode.UNAVAILABLE,
    DeliberationTimedOut: grpc.StatusCode.DEADLINE_EXCEEDED,
    DeliberationFailed: grpc.StatusCode.ABORTED,
}

Q = TypeVar("Q")
A = TypeVar("A")
Method = Callable[[Any, Q, "grpc.aio.ServicerContext[Q, A]"], Awaitable[A]]


def reports_errors(method: Method[Q, A]) -> Method[Q, A]:
    """Has a method of the service answer an error of the domain with its code, message and details."""

    @functools.wraps(method)
    async def reporting(self: Any, request: Q, context: "grpc.aio.ServicerContext[Q, A]") -> A:
        try:
            return await method(self, request, context)
        except OrchestratorError as error:
            code = _CODES[type(error)]
            await context.abort(code, str(error), _trailing_metadata(code, error))
        except Exception as error:
            if isinstance(error, grpc.aio.AbortError):
                raise
            # The caller gets an id to report; what went wrong inside is for the log.
            error_id = uuid.uuid4().hex[:12]
            _log.exception("unexpected error", extra={"error_id": error_id, "method": method.__name__})
            await context.abort(grpc.StatusCode.INTERNAL, f"unexpected error {error_id}")

    return reporting


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
        delay = Duration()
        delay.FromMilliseconds(error.retry_after_ms)
        detail = RetryInfo(retry_delay=delay)
    return detail
