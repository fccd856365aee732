"""What a caller may do to the server: how much at once, and how well-formed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from orchestrator.adapters.grpc.errors import details, retry_info
from orchestrator.adapters.grpc.interception import HEALTH, Context, Handler, refusing, surrounded

_RETRY_MS = 1000
_WATCH = HEALTH + "Watch"


class _Slots:
    """Counts calls in progress, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    @property
    def full(self) -> bool:
        return self.taken >= self.limit

    async def refuse(self, context: Context) -> None:
        """Aborts a call for which there is no place."""
        code, message = grpc.StatusCode.RESOURCE_EXHAUSTED, f"{self.limit} calls are in progress, which is the limit"
        await context.abort(code, message, details(code, message, retry_info(_RETRY_MS)))

    @asynccontextmanager
    async def counted(self, context: Context) -> AsyncIterator[None]:
        """Has a slot taken for the duration of the block."""
        if self.full:
            await self.refuse(context)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class LimitsCalls(grpc.aio.ServerInterceptor):
    """Answers RESOURCE_EXHAUSTED, with a RetryInfo, while too many calls are in progress.

    Health has slots of its own: it must answer when the service is busy, and must not be a way to keep it busy. Those
    who watch it stay for as long as they like, so they don't share slots with those who ask once.
    """

    def __init__(self, calls: int, checks: int, watches: int) -> None:
        self._calls, self._checks, self._watches = _Slots(calls), _Slots(checks), _Slots(watches)

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        slots = self._slots(handler_call_details.method)
        return refusing(handler, slots.refuse) if slots.full else surrounded(handler, slots.counted)

    def _slots(self, method: str) -> _Slots:
        if not method.startswith(HEALTH):
            return self._calls
        return self._watches if method == _WATCH else self._checks


class RefusesMalformed(grpc.aio.ServerInterceptor):
    """Answers INVALID_ARGUMENT to bytes that are not a message of the method. The library's answer is INTERNAL."""

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        deserializer = handler.request_deserializer

        def read(data: bytes) -> Any:
            try:
                return deserializer(data)
            except DecodeError:
                return _MALFORMED

        async def admit(request: Any, context: Context) -> Any:
            return _each(request, context) if handler.request_streaming else await _well_formed(request, context)

        return surrounded(handler, admit=admit, deserializer=read)


_MALFORMED = object()


async def _well_formed(request: Any, context: Context) -> Any:
    if request is _MALFORMED:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is not a message that this method takes")
    return request


async def _each(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
    async for request in requests:
        yield await _well_formed(request, context)
