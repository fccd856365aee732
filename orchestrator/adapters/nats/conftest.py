"""A real nats-server for each module."""

from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.testing.servers import nats_server, running


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's."""
    with running(nats_server(tmp_path_factory.mktemp("nats"))) as server:
        yield f"nats://127.0.0.1:{server.port}"


@pytest.fixture
def policy() -> topology.DeliveryPolicy:
    """How messages are delivered again."""
    return topology.DeliveryPolicy(ack_wait_s=1, max_deliver=3)


@pytest.fixture
async def bare(url: str) -> AsyncIterator[NatsConnection]:
    """A connection, without streams of ours."""
    connection = NatsConnection(url, "test")
    await connection.connect()
    yield connection
    await connection.close()


@pytest.fixture
async def nats(bare: NatsConnection, policy: topology.DeliveryPolicy) -> NatsConnection:
    """A connection to empty streams, with the consumer of announcements of an instance `a`."""
    await topology.ensure(bare, policy)
    await topology.ensure_results_consumer(bare, "a")
    for stream in topology.streams():
        await bare.jetstream.purge_stream(str(stream.name))
    return bare
