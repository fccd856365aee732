"""The connection to NATS: how it is made, lost, noticed to be lost, and used again."""

import asyncio
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.login import Login
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.beating import beat
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.publishing import JetStreamQueue
from orchestrator.adapters.nats.steps import JetStreamDelivery, JetStreamSource
from orchestrator.domain.council import Pool
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_step_request
from orchestrator.testing.proxy import proxied
from orchestrator.testing.servers import nats_server, running
from orchestrator.testing.waiting import until

_DELIVERY = topology.DeliveryPolicy(ack_wait_s=1, max_deliver=3)
# What the service promises is 2 s; the rest is for a slow machine.
_PICKS_UP_S = 4


def _connection(port: int, login: Login | None = None) -> NatsConnection:
    connection = NatsConnection(f"nats://127.0.0.1:{port}", "test", login)
    connection.on_connect(lambda: topology.ensure(connection, _DELIVERY))
    return connection


async def _there(connection: NatsConnection) -> bool:
    try:
        await connection.check()
    except DependencyLost:
        return False
    return True


async def _refused(connection: NatsConnection) -> bool:
    with pytest.raises(DependencyLost) as raised:
        await connection.check()
    return "Authorization" in str(raised.value)


async def _published(connection: NatsConnection, step_id: str) -> bool:
    try:
        await JetStreamQueue(connection).publish(replace(make_step_request(), step_id=step_id))
    except DependencyLost:
        return False
    return True


async def _refuse(step_id: str, reason: str) -> None:
    raise AssertionError(step_id)


async def _pull_for_ever(connection: NatsConnection) -> JetStreamDelivery:
    """As a worker does."""
    source = JetStreamSource(connection, Pool.RAY, DeadLetters(connection), _refuse)
    while True:
        try:
            if delivery := await source.next():
                return delivery
        except DependencyLost:
            await asyncio.sleep(0.05)


async def test_a_pull_that_waits_is_made_again_as_soon_as_a_restarted_server_is_back(tmp_path: Path) -> None:
    with running(nats_server(tmp_path)) as server:
        connection = _connection(server.port)
        await connection.connect()
        pulling = asyncio.create_task(_pull_for_ever(connection))
        # The pull waits at the server by then: requests of one connection are answered in turn.
        await connection.check()
        server.stop()
        server.start()
        await until(lambda: _published(connection, "after"), 20)
        began = time.monotonic()

        delivery = await pulling

        assert delivery.request.step_id == "after"
        assert time.monotonic() - began < _PICKS_UP_S
        await connection.close()


async def test_a_cut_network_is_noticed_and_what_waits_is_given_up_and_taken_up_again(tmp_path: Path) -> None:
    with running(nats_server(tmp_path)) as server:
        async with proxied(server.port) as network:
            connection = _connection(network.port)
            await connection.connect()
            pulling = asyncio.create_task(_pull_for_ever(connection))
            network.cut()
            with pytest.raises(DependencyLost):
                await connection.while_connected(asyncio.get_running_loop().create_future())
            with pytest.raises(DependencyLost):
                await connection.check()
            network.heal()
            began = time.monotonic()

            await until(lambda: _published(connection, "after"), 20)
            delivery = await pulling

            assert delivery.request.step_id == "after"
            assert time.monotonic() - began < _PICKS_UP_S
            await connection.close()


async def test_a_short_silence_costs_nothing_but_itself(tmp_path: Path) -> None:
    """Shorter than a lost connection, and longer than anything that an agent's signs of life might wait for."""
    with running(nats_server(tmp_path)) as server:
        async with proxied(server.port) as network:
            connection = _connection(network.port)
            await connection.connect()
            beating = asyncio.create_task(beat(connection, "actor", "node", "job"))
            network.cut()
            await asyncio.sleep(1.5)  # The silence itself.
            network.heal()

            await asyncio.wait_for(connection.check(), 2)

            assert connection.client.stats["reconnects"] == 0
            beating.cancel()
            await connection.close()


async def test_what_the_server_has_lost_is_made_again_after_a_reconnect_until_that_succeeds(tmp_path: Path) -> None:
    with running(nats_server(tmp_path)) as server:
        connection = _connection(server.port)
        failures: list[DependencyLost] = []
        prepared = asyncio.Event()

        async def prepare() -> None:
            if failures:
                raise failures.pop()
            prepared.set()

        connection.on_connect(prepare)
        await connection.connect()
        failures += [DependencyLost("redis", "away"), DependencyLost("redis", "away")]
        prepared.clear()
        server.stop()
        shutil.rmtree(tmp_path / "jetstream")
        server.start()

        async with asyncio.timeout(20):
            await prepared.wait()
        assert failures == []
        assert await _published(connection, "after")
        await connection.close()


async def test_it_is_not_there_until_what_is_done_on_each_connect_has_been_done(tmp_path: Path) -> None:
    with running(nats_server(tmp_path)) as server:
        connection = _connection(server.port)
        asked_to, may = asyncio.Event(), asyncio.Event()

        async def prepare() -> None:
            asked_to.set()
            await may.wait()

        connection.on_connect(prepare)
        connecting = asyncio.create_task(connection.connect())
        for reconnected in (False, True):
            if reconnected:
                may.clear()
                asked_to.clear()
                server.stop()
                server.start()
            async with asyncio.timeout(20):
                await asked_to.wait()

            await connection.settle()
            assert not await _there(connection)
            may.set()
            await until(lambda: _there(connection))
        await connecting
        await connection.close()


async def test_a_server_that_asks_for_a_login_is_used_with_the_right_one_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with running(nats_server(tmp_path, "--user", "orchestrator", "--pass", "s3cret")) as server:
        right, none, wrong = (
            _connection(server.port, login)
            for login in (Login("orchestrator", "s3cret"), None, Login("orchestrator", "wr0ng"))
        )
        await right.connect()
        assert await _there(right)
        for refused in (none, wrong):
            connecting = asyncio.create_task(refused.connect())
            await until(lambda refused=refused: _refused(refused), 20)  # type: ignore[misc]
            connecting.cancel()
            await refused.close()
        await right.close()

    assert "s3cret" not in caplog.text
    assert "wr0ng" not in caplog.text


async def test_without_a_connection_everything_is_a_lost_dependency() -> None:
    nats = NatsConnection("nats://127.0.0.1:1", "test")

    with pytest.raises(DependencyLost):
        await JetStreamQueue(nats).publish(make_step_request())
    with pytest.raises(DependencyLost):
        await nats.check()
    await nats.close()


async def test_a_server_that_comes_late_and_goes_and_comes_back_is_used_again(tmp_path: Path) -> None:
    server = nats_server(tmp_path)
    nats = _connection(server.port)
    connecting = asyncio.create_task(nats.connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    server.start()
    try:
        async with asyncio.timeout(10):
            await connecting
        await nats.check()
        request = replace(make_step_request(), step_id="kept")
        await JetStreamQueue(nats).publish(request)

        server.stop()
        with pytest.raises(DependencyLost):
            await nats.check()
        server.start()

        await until(lambda: _there(nats))
        delivery = await _pull_for_ever(nats)
        assert delivery.request == request
    finally:
        await nats.close()
        server.stop()
