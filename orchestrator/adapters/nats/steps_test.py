"""Steps through a real nats-server."""

import asyncio
from dataclasses import replace
from pathlib import Path

from nats.js.api import AckPolicy, ConsumerConfig

from orchestrator.adapters.json_codec import encode
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.publishing import JetStreamQueue
from orchestrator.adapters.nats.steps import JetStreamDelivery, JetStreamSource
from orchestrator.domain.council import AgentType, Pool
from orchestrator.testing.builders import make_step_request
from orchestrator.testing.servers import nats_server, running
from orchestrator.testing.waiting import until


async def _refuse(step_id: str, reason: str) -> None:
    raise AssertionError(step_id)


def _source(nats: NatsConnection, pool: Pool = Pool.RAY) -> JetStreamSource:
    return JetStreamSource(nats, pool, DeadLetters(nats), _refuse)


async def _next(source: JetStreamSource) -> JetStreamDelivery:
    async with asyncio.timeout(10):
        while (delivery := await source.next()) is None:
            pass
    return delivery


async def test_a_step_arrives_as_it_was_sent(nats: NatsConnection) -> None:
    request = make_step_request()
    await JetStreamQueue(nats).publish(request)

    delivery = await _next(_source(nats, Pool.RAY))

    assert (delivery.request, delivery.count) == (request, 1)
    await delivery.done()


async def test_the_same_step_twice_is_queued_once(nats: NatsConnection) -> None:
    request = replace(make_step_request(), step_id="twice")
    for _ in range(3):
        await JetStreamQueue(nats).publish(request)

    assert (await nats.jetstream.stream_info(topology.STEPS)).state.messages == 1


async def test_a_step_that_is_done_leaves_the_queue(nats: NatsConnection) -> None:
    await JetStreamQueue(nats).publish(replace(make_step_request(), step_id="done"))
    await (await _next(_source(nats, Pool.RAY))).done()

    async def empty() -> bool:
        return bool((await nats.jetstream.stream_info(topology.STEPS)).state.messages == 0)

    await until(empty)


async def test_a_step_comes_again_when_it_is_asked_for_or_when_nobody_says_a_word(nats: NatsConnection) -> None:
    await JetStreamQueue(nats).publish(replace(make_step_request(), step_id="again"))
    source = _source(nats, Pool.RAY)

    await (await _next(source)).retry(0.01)
    second = await _next(source)
    third = await _next(source)

    assert (second.count, third.count) == (2, 3)
    await third.done()


async def test_signs_of_life_keep_a_step_from_coming_again(nats: NatsConnection) -> None:
    await JetStreamQueue(nats).publish(replace(make_step_request(), step_id="slow"))
    source = _source(nats, Pool.RAY)
    delivery = await _next(source)
    other = asyncio.create_task(_next(source))
    for _ in range(6):
        await asyncio.sleep(0.25)
        await delivery.still_working()

    assert not other.done()
    other.cancel()
    await delivery.done()


async def test_steps_of_an_agent_type_come_to_its_pool_alone(nats: NatsConnection) -> None:
    steps = {kind: replace(make_step_request(), step_id=f"by {kind}", agent_type=kind) for kind in AgentType}
    for step in steps.values():
        await JetStreamQueue(nats).publish(step)
    local, ray = _source(nats, Pool.LOCAL), _source(nats, Pool.RAY)

    here = [await _next(local) for _ in range(2)]
    there = await _next(ray)

    assert {delivery.request.agent_type for delivery in here} == {AgentType.MOCK, AgentType.VLLM}
    assert there.request == steps[AgentType.RAY_VLLM]
    for delivery in (*here, there):
        await delivery.done()


async def test_two_orchestrators_share_the_steps_of_the_local_pool(
    nats: NatsConnection, url: str, policy: topology.DeliveryPolicy
) -> None:
    other = NatsConnection(url, "other")
    await other.connect()
    await topology.ensure(other, policy)
    for number in range(6):
        step = replace(make_step_request(), step_id=f"shared {number}", agent_type=AgentType.MOCK)
        await JetStreamQueue(nats).publish(step)

    sources = [_source(connection, Pool.LOCAL) for connection in (nats, other)]
    deliveries = [await _next(source) for _ in range(3) for source in sources]

    assert {delivery.request.step_id for delivery in deliveries} == {f"shared {number}" for number in range(6)}
    assert {delivery.count for delivery in deliveries} == {1}
    for delivery in deliveries:
        await delivery.done()
    await other.close()


async def test_steps_that_an_earlier_version_queued_come_to_the_ray_actors(
    tmp_path: Path, policy: topology.DeliveryPolicy
) -> None:
    with running(nats_server(tmp_path)) as server:
        nats = NatsConnection(f"nats://127.0.0.1:{server.port}", "test")
        await nats.connect()
        (steps,) = [stream for stream in topology.streams() if stream.name == topology.STEPS]
        await nats.jetstream.add_stream(steps)
        name = topology.STEPS_CONSUMERS[Pool.RAY]
        before = ConsumerConfig(name=name, durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=1)
        await nats.jetstream.add_consumer(topology.STEPS, before)
        request = make_step_request()
        waiting, begun = [replace(request, step_id=step_id) for step_id in ("waiting", "begun")]
        await nats.jetstream.publish("agent.steps.dev", encode(begun))
        source = _source(nats, Pool.RAY)
        assert (await _next(source)).request == begun
        await nats.jetstream.publish("agent.steps.dev", encode(waiting))

        await topology.ensure(nats, policy)
        await topology.ensure(nats, policy)
        await JetStreamQueue(nats).publish(replace(request, step_id="new"))
        found = [await _next(source) for _ in range(3)]

        assert {delivery.request.step_id for delivery in found} == {"waiting", "begun", "new"}
        for delivery in found:
            await delivery.done()
        await nats.close()
