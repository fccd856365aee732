"""The gRPC probe against a real health service, and the Ray probe against what Ray answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes import Target, make
from tools.stack.runner.probes.protobuf import fields, text_field
from tools.stack.runner.probes.ray import alive_nodes
from tools.stack.runner.probes.wait import ask
from tools.stack.tests.samples import target

STATUS = health_pb2.HealthCheckResponse


@asynccontextmanager
async def serving(**statuses: int) -> AsyncIterator[Target]:
    servicer = health.aio.HealthServicer()
    for service, status in statuses.items():
        await servicer.set(service, status)
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield target(port)
    finally:
        await server.stop(None)


@pytest.mark.parametrize(
    ("statuses", "ready", "text"),
    [
        ({"app": STATUS.SERVING}, True, "SERVING"),
        ({"app": STATUS.NOT_SERVING}, False, "NOT_SERVING"),
        ({"other": STATUS.SERVING}, False, "NOT_FOUND"),
    ],
)
async def test_the_status_of_the_service_asked_for_decides(statuses: dict[str, int], ready: bool, text: str) -> None:
    async with serving(**statuses) as server:
        answer = await ask(make(ProbeSpec("grpc", {"port": "main", "service": "app"})), server, timeout=3)
    assert answer.ready is ready
    assert text in answer.text


async def test_a_server_without_the_method_is_not_ready() -> None:
    async with serving() as server:
        answer = await ask(make(ProbeSpec("ray", {"port": "main"})), server, timeout=3)
    assert not answer.ready
    assert "UNIMPLEMENTED" in answer.text


def node(state: int | None) -> bytes:
    """A GcsNodeInfo with an id, an address and a state; proto3 leaves the state ALIVE (0) out."""
    info = text_field(1, "id") + text_field(2, "10.0.0.1") + (bytes([7 << 3, state]) if state is not None else b"")
    return bytes([2 << 3 | 2, len(info)]) + info


def test_only_nodes_that_are_alive_count() -> None:
    status = b"\x0a\x00"
    assert alive_nodes(status) == 0
    assert alive_nodes(status + node(None) + node(1) + node(0)) == 2


@pytest.mark.parametrize("message", [b"\x0a", b"\x0a\x05ab", b"\x80", b"\xff" * 20, b"\x0b"])
def test_what_is_no_protocol_buffer_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="protocol buffer"):
        list(fields(message))
