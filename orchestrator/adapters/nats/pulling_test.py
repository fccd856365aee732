"""Pulling through a real nats-server."""

import asyncio

import pytest

from orchestrator.adapters.nats import pulling, topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.pulling import Puller
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.waiting import until

_PATIENCE_S = 10


def _puller(nats: NatsConnection, consumer: str = topology.CONTEXT_CONSUMER) -> Puller:
    return Puller(nats, topology.CONTEXT, consumer)


async def _publish(nats: NatsConnection, *texts: str) -> None:
    for text in texts:
        await nats.publish("context.decision", text.encode())


async def _delivered(nats: NatsConnection) -> int:
    """How many messages somebody has and has not acknowledged."""
    return (await nats.jetstream.consumer_info(topology.CONTEXT, topology.CONTEXT_CONSUMER)).num_ack_pending or 0


async def test_everybody_who_waits_is_given_a_message_and_none_is_taken_that_nobody_waits_for(
    nats: NatsConnection,
) -> None:
    puller = _puller(nats)
    pulls = [asyncio.create_task(puller.pull()) for _ in range(5)]

    await _publish(nats, *"abcdefgh")

    async with asyncio.timeout(_PATIENCE_S):
        messages = await asyncio.gather(*pulls)
    assert {message.data for message in messages} == {b"a", b"b", b"c", b"d", b"e"}
    assert await _delivered(nats) == 5
    for message in messages:
        await message.ack()
    await puller.close()


async def test_one_request_asks_for_many_messages(nats: NatsConnection) -> None:
    puller = _puller(nats)
    await _publish(nats, *map(str, range(200)))
    sent = nats.client.stats["out_msgs"]

    async def take_some() -> None:
        for _ in range(10):
            await puller.pull()

    async with asyncio.timeout(_PATIENCE_S):
        await asyncio.gather(*(take_some() for _ in range(20)))

    assert nats.client.stats["out_msgs"] - sent < 100
    await puller.close()


async def test_who_waits_for_longer_than_the_server_lets_a_request_wait_is_given_what_comes_then(
    nats: NatsConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_PULL_S", 0.05)
    puller = _puller(nats)
    pulls = [asyncio.create_task(puller.pull()) for _ in range(3)]
    sent = nats.client.stats["out_msgs"]

    async def asked_again() -> bool:
        return nats.client.stats["out_msgs"] >= sent + 5

    await until(asked_again)
    await _publish(nats, *"abc")

    async with asyncio.timeout(_PATIENCE_S):
        assert {message.data for message in await asyncio.gather(*pulls)} == {b"a", b"b", b"c"}
    await puller.close()


async def test_what_comes_for_somebody_who_has_given_up_is_the_next_ones(nats: NatsConnection) -> None:
    puller = _puller(nats)
    gone = asyncio.create_task(puller.pull())
    await nats.check()
    gone.cancel()
    await asyncio.wait([gone])

    await _publish(nats, "a")

    async with asyncio.timeout(_PATIENCE_S):
        assert (await puller.pull()).data == b"a"
    await puller.close()


async def test_what_is_left_when_nobody_waits_any_more_goes_to_somebody_else_at_once(nats: NatsConnection) -> None:
    await topology.ensure(nats, topology.DeliveryPolicy(ack_wait_s=60))
    puller, other = _puller(nats), _puller(nats)
    gone = asyncio.create_task(puller.pull())
    await nats.check()
    gone.cancel()
    await asyncio.wait([gone])
    await _publish(nats, "a")

    async def taken() -> bool:
        return await _delivered(nats) == 1

    await until(taken)
    await puller.close()

    async with asyncio.timeout(_PATIENCE_S):
        message = await other.pull()
    assert message.metadata.num_delivered == 2
    await message.ack()
    await other.close()


async def test_a_server_that_does_not_even_refuse_is_a_lost_dependency(
    nats: NatsConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_hear(message: object) -> None:
        pass

    monkeypatch.setattr(pulling, "_SILENCE_S", 0.05)
    puller = _puller(nats)
    monkeypatch.setattr(puller, "_heard", never_hear)

    async with asyncio.timeout(_PATIENCE_S):
        with pytest.raises(DependencyLost):
            await puller.pull()
    await puller.close()


async def test_a_consumer_that_is_not_there_is_a_lost_dependency(nats: NatsConnection) -> None:
    puller = _puller(nats, "nobody")

    async with asyncio.timeout(_PATIENCE_S):
        for _ in range(2):
            with pytest.raises(DependencyLost):
                await puller.pull()
    await puller.close()


async def test_a_consumer_that_is_deleted_is_a_lost_dependency_until_it_is_there_again(
    nats: NatsConnection, policy: topology.DeliveryPolicy
) -> None:
    puller = _puller(nats)
    pull = asyncio.create_task(puller.pull())
    await nats.check()
    await nats.jetstream.delete_consumer(topology.CONTEXT, topology.CONTEXT_CONSUMER)

    async with asyncio.timeout(_PATIENCE_S):
        with pytest.raises(DependencyLost):
            await pull
        await topology.ensure(nats, policy)
        await _publish(nats, "a")
        message = await puller.pull()
    assert message.data == b"a"
    await message.ack()
    await puller.close()
