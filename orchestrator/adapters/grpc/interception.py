"""What interceptors are made of: handlers that do something around the handler of a method, or in its place."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc.RpcMethodHandler, whose stubs give it no attributes.
Around = Callable[[Context], AbstractAsyncContextManager[object]]
Deserializer = Callable[[bytes], Any]
Admit = Callable[[Any, Context], Awaitable[Any]]

HEALTH = "/grpc.health.v1.Health/"
CONTRACT = "/orchestrator.v1.OrchestratorService/"

_MAKERS: dict[tuple[bool, bool], tuple[str, Callable[..., Handler]]] = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


async def _as_it_is(request: Any, context: Context) -> Any:
    return request


def surrounded(
    handler: Handler,
    around: Around = lambda context: nullcontext(),
    *,
    admit: Admit = _as_it_is,
    deserializer: Deserializer | None = None,
) -> Handler:
    """The handler with every call of it inside of `around`.

    `deserializer` reads requests in place of the handler's own; `admit` is given what was read (for streams of
    requests, their iterator) and returns what the handler is given, or aborts the call.
    """
    name, make = _MAKERS[handler.request_streaming, handler.response_streaming]
    behaviour = getattr(handler, name)

    async def unary(request: Any, context: Context) -> Any:
        async with around(context):
            return await behaviour(await admit(request, context), context)

    # It writes, where it could yield: a generator whose caller hangs up ends some time, in whichever task collects it.
    async def stream(request: Any, context: Context) -> None:
        async with around(context):
            answers = behaviour(await admit(request, context), context)
            if not hasattr(answers, "__aiter__"):
                await answers  # It writes its answers to the context itself.
                return
            async with aclosing(answers):
                async for answer in answers:
                    await context.write(answer)

    return make(
        stream if handler.response_streaming else unary,
        deserializer or handler.request_deserializer,
        handler.response_serializer,
    )


def refusing(handler: Handler, refuse: Callable[[Context], Awaitable[object]]) -> Handler:
    """A handler of the same kind that has `refuse` abort each call; it doesn't even read the request."""

    async def refusal(request: Any, context: Context) -> None:
        await refuse(context)

    _, make = _MAKERS[handler.request_streaming, handler.response_streaming]
    return make(refusal, None, handler.response_serializer)


def outcome(context: Context, ended_by: BaseException | None) -> grpc.StatusCode:
    """The code that a call ends with, where its handler returned (None) or was left by an exception."""
    if ended_by is None or isinstance(ended_by, grpc.aio.AbortError):
        code: Any = context.code()  # None until one is set.
        return code or grpc.StatusCode.OK
    if isinstance(ended_by, asyncio.CancelledError):
        left_s: Any = context.time_remaining()  # None where the caller set no deadline.
        overdue = left_s is not None and left_s <= 0
        return grpc.StatusCode.DEADLINE_EXCEEDED if overdue else grpc.StatusCode.CANCELLED
    return grpc.StatusCode.UNKNOWN
