"""The number of dead letters, on a real nats-server."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.metrics import DeadLetterMetrics
from orchestrator.testing.servers import Server, nats_server, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(nats_server(tmp_path)) as server:
        yield server


async def test_dead_letters_are_counted_when_there_is_a_place_for_them_and_nats_is_there(server: Server) -> None:
    registry = CollectorRegistry()
    connection = NatsConnection(f"nats://127.0.0.1:{server.port}", "test")
    watching = asyncio.create_task(DeadLetterMetrics(connection, registry, period_s=0.01).watch())
    await connection.connect()
    await topology.ensure(connection, topology.DeliveryPolicy())
    for _ in range(2):
        await connection.jetstream.publish("dead.CONTEXT", b"poison")

    async with asyncio.timeout(10):
        while registry.get_sample_value("orchestrator_dead_letters") != 2:
            await asyncio.sleep(0.01)

    watching.cancel()
    await asyncio.wait([watching])
    await connection.close()
    assert watching.cancelled()
