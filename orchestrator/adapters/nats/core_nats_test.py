"""What goes over core NATS, stored nowhere: moves and cancellations."""

import asyncio

from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.cancelling import NatsCanceller, listen_for_cancelling
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.wake_ups import NatsWakeUps
from orchestrator.application.wake_ups import WakeUps
from orchestrator.testing.waiting import until


async def test_a_move_wakes_who_follows_in_another_process(bare: NatsConnection, url: str) -> None:
    theirs, ours = WakeUps(), WakeUps()
    other_process = NatsConnection(url, "other")
    await other_process.connect()
    await NatsWakeUps(other_process, theirs).listen()
    await bare.client.publish(f"{topology.MOVED_PREFIX}.x", b"nonsense")
    announcer = NatsWakeUps(bare, ours)

    with theirs.moves("a.b/c") as moved, theirs.end("a.b/c") as over, theirs.moves("other") as other:

        async def heard(event: asyncio.Event) -> bool:
            # A hint may be lost: on a busy machine a connection can be given up and made again.
            await announcer.moved("a.b/c", over=event is over)
            return event.is_set()

        await until(lambda: heard(moved))
        assert not over.is_set()
        await until(lambda: heard(over))
        assert not other.is_set()
    await other_process.close()


async def test_a_move_wakes_this_process_even_without_a_connection() -> None:
    wake_ups = WakeUps()
    bare = NatsConnection("nats://127.0.0.1:1", "test")

    with wake_ups.end("task") as over:
        await NatsWakeUps(bare, wake_ups).moved("task", over=True)

    assert over.is_set()


async def test_every_worker_hears_that_a_deliberation_is_over(bare: NatsConnection, url: str) -> None:
    other_process = NatsConnection(url, "other")
    await other_process.connect()
    heard: asyncio.Queue[str] = asyncio.Queue()
    for connection in (bare, other_process):
        await listen_for_cancelling(connection, heard.put_nowait)

    await bare.client.publish(topology.CANCEL_SUBJECT, b"nonsense")
    await NatsCanceller(bare).cancel("a.b/c")

    async with asyncio.timeout(10):
        assert [await heard.get() for _ in range(2)] == ["a.b/c"] * 2
    await other_process.close()


async def test_that_workers_cannot_be_told_is_no_error() -> None:
    await NatsCanceller(NatsConnection("nats://127.0.0.1:1", "test")).cancel("task")
