"""What becomes of a flood: streams are bounded, and what is work is refused and not lost."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from nats.js.api import StreamConfig
from nats.js.errors import ServiceUnavailableError

from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer, JetStreamQueue
from orchestrator.adapters.nats.pulling import Puller
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_step_request
from orchestrator.testing.servers import nats_server, running
from orchestrator.testing.waiting import until

_FEW_BYTES = 2_500


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> Sequence[StreamConfig]:
    """Streams with room for a few messages; gives those that there are without this."""
    real = topology.streams()
    small = [stream.evolve(max_bytes=_FEW_BYTES) for stream in real]
    monkeypatch.setattr(topology, "streams", lambda: small)
    return real


async def _messages(nats: NatsConnection, stream: str) -> int:
    return int((await nats.jetstream.stream_info(stream)).state.messages)


async def test_all_streams_together_fit_a_small_server(
    tmp_path: Path,
    little_room: Sequence[StreamConfig],
    monkeypatch: pytest.MonkeyPatch,
    policy: topology.DeliveryPolicy,
) -> None:
    monkeypatch.setattr(topology, "streams", lambda: little_room)
    (tmp_path / "nats.conf").write_text("jetstream { max_file_store: 1GB }")
    with running(nats_server(tmp_path, "-c", str(tmp_path / "nats.conf"))) as server:
        connection = NatsConnection(f"nats://127.0.0.1:{server.port}", "test")
        await connection.connect()
        await topology.ensure(connection, policy)

        account = await connection.jetstream.account_info()
        await connection.close()

    assert account.streams == len(little_room)
    assert all(stream.max_bytes and stream.max_age for stream in little_room)


async def test_a_step_that_the_queue_has_no_room_for_is_refused_and_taken_when_it_has(nats: NatsConnection) -> None:
    steps = [replace(make_step_request(), step_id=f"step {number}") for number in range(20)]
    taken = 0

    async def publish_all() -> None:
        nonlocal taken
        for step in steps:
            await JetStreamQueue(nats).publish(step)
            taken += 1

    with pytest.raises(DependencyLost):
        await publish_all()
    assert await _messages(nats, topology.STEPS) == taken > 0

    await nats.jetstream.purge_stream(topology.STEPS)
    await JetStreamQueue(nats).publish(steps[taken])

    assert await _messages(nats, topology.STEPS) == 1


@pytest.mark.parametrize(
    ("stream", "consumer", "subject"),
    [
        (topology.PLANNING, topology.PLANNING_CONSUMER, "planning.x"),
        (topology.CONTEXT, topology.CONTEXT_CONSUMER, "context.x"),
    ],
)
async def test_events_are_refused_while_too_many_are_not_handled_and_only_so_long(
    nats: NatsConnection, stream: str, consumer: str, subject: str
) -> None:
    taken = 0

    async def flood() -> None:
        nonlocal taken
        while True:
            await nats.jetstream.publish(subject, b"x" * 300)
            taken += 1

    with pytest.raises(ServiceUnavailableError):
        await flood()
    assert await _messages(nats, stream) == taken > 0

    puller, handled = Puller(nats, stream, consumer), 0
    while handled < taken:
        if message := await puller.pull():
            await message.ack()
            handled += 1
    await puller.close()

    async def empty() -> bool:
        return await _messages(nats, stream) == 0

    await until(empty)
    await nats.jetstream.publish(subject, b"x" * 300)


async def test_a_log_forgets_what_is_old(nats: NatsConnection) -> None:
    for number in range(50):
        await JetStreamAnnouncer(nats).announce("task", f"step {number}")

    last = await nats.jetstream.get_last_msg(topology.RESULTS, topology.results_subject("task"))
    assert b"step 49" in (last.data or b"")
    assert 0 < await _messages(nats, topology.RESULTS) < 50


async def test_an_event_that_came_before_its_consumer_is_not_lost(
    tmp_path: Path, policy: topology.DeliveryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(nats_server(tmp_path)) as server:
        connection = NatsConnection(f"nats://127.0.0.1:{server.port}", "test")
        await connection.connect()
        with monkeypatch.context() as broken_off:

            def break_off(policy: topology.DeliveryPolicy) -> None:
                raise DependencyLost("nats", "just now")

            broken_off.setattr(topology, "consumers", break_off)
            with pytest.raises(DependencyLost):
                await topology.ensure(connection, policy)
        await connection.jetstream.publish("planning.x", b"early")
        await topology.ensure(connection, policy)

        message = await Puller(connection, topology.PLANNING, topology.PLANNING_CONSUMER).pull()
        await connection.close()

    assert message is not None
    assert message.data == b"early"
