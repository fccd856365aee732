"""Which actors are alive: by their beats, and at once when the roll is called."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from orchestrator.adapters.nats import beating, topology
from orchestrator.adapters.nats.beating import beat
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.presence import AgentPresence
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.proxy import proxied
from orchestrator.testing.servers import nats_server, running
from orchestrator.testing.waiting import until

_EVERYBODY = f"{topology.ALIVE_PREFIX}.>"


def _presence(
    connection: NatsConnection, job: str = "job-1", on_arrival: Callable[[], None] = lambda: None
) -> AgentPresence:
    return AgentPresence(connection, lambda: job, on_arrival)


def _hears(presence: AgentPresence, *actors: str) -> Callable[[], Awaitable[bool]]:
    async def hears() -> bool:
        return presence.alive == actors

    return hears


@asynccontextmanager
async def _another(url: str) -> AsyncIterator[NatsConnection]:
    """The connection of another process."""
    connection = NatsConnection(url, "another")
    await connection.connect()
    yield connection
    await connection.close()


@asynccontextmanager
async def _beating(connection: NatsConnection, *actors_of_jobs: tuple[str, str]) -> AsyncIterator[None]:
    """Actors that have said once that they are alive."""
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    listening = await connection.client.subscribe(_EVERYBODY, cb=heard.put)
    tasks = [asyncio.create_task(beat(connection, actor, "node", job)) for actor, job in actors_of_jobs]
    for _ in tasks:
        await heard.get()
    await listening.unsubscribe()
    yield
    for task in tasks:
        task.cancel()


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """An actor beats once, and then only answers."""
    monkeypatch.setattr(beating, "BEAT_S", 3600)


async def test_actors_of_the_current_job_are_present_until_they_fall_silent(bare: NatsConnection) -> None:
    now = 0.0
    presence = AgentPresence(bare, lambda: "job-1", lambda: None, monotonic=lambda: now)
    await presence.call_roll()
    with pytest.raises(DependencyLost):
        await presence.check()

    async with _beating(bare, ("actor-1", "job-1"), ("actor-0", "job-0")):
        await until(_hears(presence, "actor-1"))
        await presence.check()
    now = 10.0

    assert presence.alive == ()
    with pytest.raises(DependencyLost):
        await presence.check()


@pytest.mark.usefixtures("seldom")
async def test_who_calls_the_roll_hears_at_once_of_all_actors_and_nobody_else_does(
    bare: NatsConnection, url: str
) -> None:
    heard_by_others: list[Msg] = []

    async def note(message: Msg) -> None:
        heard_by_others.append(message)

    async with _another(url) as orchestrator, _beating(bare, ("a", "job-1"), ("b", "job-1"), ("c", "job-0")):
        await orchestrator.client.subscribe(_EVERYBODY, cb=note)
        presence = _presence(orchestrator)
        await presence.call_roll()
        await until(_hears(presence, "a", "b"))

    assert not heard_by_others


@pytest.mark.usefixtures("seldom")
async def test_the_roll_is_called_again_after_a_reconnect(tmp_path: Path) -> None:
    now = 0.0
    with running(nats_server(tmp_path)) as server:
        async with proxied(server.port) as network, _another(f"nats://127.0.0.1:{server.port}") as agent:
            orchestrator = NatsConnection(f"nats://127.0.0.1:{network.port}", "test")
            presence = AgentPresence(orchestrator, lambda: "job-1", lambda: None, monotonic=lambda: now)
            orchestrator.on_connect(presence.call_roll)
            async with _beating(agent, ("a", "job-1")):
                await orchestrator.connect()
                await until(_hears(presence, "a"))
                now = 10.0
                assert presence.alive == ()

                network.cut()
                with pytest.raises(DependencyLost):
                    await orchestrator.while_connected(asyncio.get_running_loop().create_future())
                network.heal()

                await until(_hears(presence, "a"), 20)
            await orchestrator.close()


async def test_an_actor_that_does_not_know_the_call_is_heard_of_by_its_beat(bare: NatsConnection) -> None:
    presence = _presence(bare)
    await presence.call_roll()

    document = json.dumps({"actor_id": "old", "node_id": "node", "job": "job-1"}).encode()
    await bare.client.publish(f"{topology.ALIVE_PREFIX}.old", document)

    await until(_hears(presence, "old"))


@pytest.mark.usefixtures("seldom")
async def test_nonsense_disturbs_neither_who_listens_nor_who_answers(bare: NatsConnection) -> None:
    presence = _presence(bare)
    async with _beating(bare, ("a", "job-1")):
        await bare.client.publish(topology.ROLL_CALL_SUBJECT, b"a call that nobody can be answered to")
        for nonsense in (b"nonsense", b"[]", b"{}", b'{"actor_id": [], "job": {}}', b"[" * 100_000):
            await bare.client.publish(f"{topology.ALIVE_PREFIX}.x", nonsense)
        await presence.call_roll()

        await until(_hears(presence, "a"))


async def test_it_is_told_when_the_first_actor_of_the_current_job_is_heard_of(bare: NatsConnection) -> None:
    arrivals: list[tuple[str, ...]] = []
    presence: AgentPresence = _presence(bare, on_arrival=lambda: arrivals.append(presence.alive))
    await presence.call_roll()

    async with _beating(bare, ("other", "job-0"), ("a", "job-1"), ("b", "job-1")):
        await until(_hears(presence, "a", "b"))

    assert len(arrivals) == 1
    assert set(arrivals[0]) < {"a", "b"}


async def test_without_a_connection_the_roll_cannot_be_called() -> None:
    with pytest.raises(DependencyLost):
        await _presence(NatsConnection("nats://127.0.0.1:1", "test")).call_roll()
