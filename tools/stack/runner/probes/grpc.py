"""A gRPC server says by grpc.health.v1 that a service of it serves.

The protocol is https://github.com/grpc/grpc/blob/master/doc/health-checking.md: HealthCheckRequest.service = 1,
HealthCheckResponse.status = 1.
"""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target
from tools.stack.runner.probes.protobuf import fields, text_field

_METHOD = "/grpc.health.v1.Health/Check"
_SERVICE = 1
_STATUS = 1
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}

# Without a pool of its own a channel shares its connection, and that connection's back-off, with earlier attempts.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


class RpcError(Exception):
    """A call failed; the text has gRPC's code and details."""


def prepare() -> None:
    """Does what the first call would take long for; a thread of its own may."""
    importlib.import_module("grpc.aio")


async def call(target: Target, port: str, method: str, request: bytes) -> bytes:
    """One unary call of encoded messages, on a connection of its own.

    Raises RpcError, and OSError when nothing listens: a refused connection must not cost gRPC's back-off.
    """
    address = target.address, target.ports[port]
    _, writer = await asyncio.open_connection(*address)
    writer.close()

    # Late: this import takes longer than all others together, and most stacks don't need it.
    import grpc.aio  # noqa: PLC0415

    async with grpc.aio.insecure_channel("{}:{}".format(*address), options=_OPTIONS) as channel:
        method_call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        try:
            return await method_call(request)
        except grpc.aio.AioRpcError as error:
            raise RpcError(f"{error.code().name}: {error.details()}") from error


@dataclass(frozen=True, slots=True)
class GrpcProbe:
    """Ready when the health service answers SERVING for `service`; the empty name asks for the server as a whole."""

    port: str
    service: str = ""

    async def attempt(self, target: Target) -> Answer:
        response = await call(target, self.port, _METHOD, text_field(_SERVICE, self.service))
        status = dict(fields(response)).get(_STATUS, 0)
        name = _STATUSES.get(status, str(status)) if isinstance(status, int) else "not a status"
        return Answer(name == "SERVING", name)
