"""Messages of others through a real nats-server, and who handles them."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import cast

import pytest
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.js.errors import NotFoundError

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers, Handler, announcements
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.waiting import until


def _consumers(nats: NatsConnection) -> Consumers:
    return Consumers(nats, DeadLetters(nats), InMemoryAttempts(), max_attempts=5)


async def test_a_consumer_ends_though_its_handler_loses_the_cancellation(nats: NatsConnection) -> None:
    begun = asyncio.Event()

    async def handle(subject: str, data: bytes) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    await nats.jetstream.publish("context.decision", b"{}")
    consumers = _consumers(nats)
    consuming = asyncio.create_task(consumers.consume(topology.CONTEXT, topology.CONTEXT_CONSUMER, handle))
    async with asyncio.timeout(10):
        await begun.wait()
        consuming.cancel()
        await asyncio.wait([consuming])

    assert consuming.cancelled()


async def test_a_message_is_excused_though_nats_is_lost_when_it_is_asked_for_again(nats: NatsConnection) -> None:
    async def nak(delay: float) -> None:
        raise ConnectionClosedError

    delivered = SimpleNamespace(consumer="consumer", num_delivered=2, sequence=SimpleNamespace(stream=1))
    message = SimpleNamespace(subject="context.x", data=b"", metadata=delivered, nak=nak)
    attempts = InMemoryAttempts()
    consumers = Consumers(nats, DeadLetters(nats), attempts, max_attempts=5)

    async def lose(subject: str, data: bytes) -> None:
        raise DependencyLost("redis", "away")

    with pytest.raises(DependencyLost):
        await consumers._handle(cast(Msg, message), lose)

    assert await attempts.begin("consumer/1") == 1


async def test_announcements_reach_the_handler_and_are_repeated_when_it_fails(nats: NatsConnection) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    failures = iter([DependencyLost("redis", "gone"), RuntimeError("a defect")])

    async def handle(task_id: str, step_id: str) -> None:
        await heard.put((task_id, step_id))
        if failure := next(failures, None):
            raise failure

    await nats.jetstream.publish("agent.results.x", b"not an announcement")
    await JetStreamAnnouncer(nats).announce("a.b/c", "step")
    consuming = asyncio.create_task(
        _consumers(nats).consume(topology.RESULTS, topology.results_consumer("a"), announcements(handle))
    )
    async with asyncio.timeout(10):
        assert [await heard.get() for _ in range(3)] == [("a.b/c", "step")] * 3

    async def all_acknowledged() -> bool:
        info = await nats.jetstream.consumer_info(topology.RESULTS, topology.results_consumer("a"))
        return bool(info.num_ack_pending == 0 and info.num_pending == 0)

    await until(all_acknowledged)
    consuming.cancel()


async def test_every_instance_hears_every_announcement_and_one_that_left_is_forgotten(nats: NatsConnection) -> None:
    await topology.ensure_results_consumer(nats, "b")
    heard: asyncio.Queue[str] = asyncio.Queue()

    def handler(instance: str) -> Handler:
        async def handle(task_id: str, step_id: str) -> None:
            await heard.put(instance)

        return announcements(handle)

    consuming = [
        asyncio.create_task(
            _consumers(nats).consume(topology.RESULTS, topology.results_consumer(instance), handler(instance))
        )
        for instance in "ab"
    ]
    await JetStreamAnnouncer(nats).announce("task", "step")
    async with asyncio.timeout(10):
        assert sorted([await heard.get() for _ in range(2)]) == ["a", "b"]

    for task in consuming:
        task.cancel()
    await topology.delete_results_consumer(nats, "b")
    with pytest.raises(NotFoundError):
        await nats.jetstream.consumer_info(topology.RESULTS, topology.results_consumer("b"))
