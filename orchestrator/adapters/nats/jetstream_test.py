"""Steps, announcements and events through a real nats-server."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.json_codec import encode
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers, Handler, announcements
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer, JetStreamEvents, JetStreamQueue
from orchestrator.adapters.nats.steps import JetStreamDelivery, JetStreamSource
from orchestrator.application.ports import DeliberationEvent
from orchestrator.domain.council import AgentType, Pool
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest
from orchestrator.testing.builders import make_step_request
from orchestrator.testing.servers import Server, nats_server, running
from orchestrator.testing.waiting import until

_DELIVERY = topology.DeliveryPolicy(ack_wait_s=1, max_deliver=3)


def _url(server: Server) -> str:
    return f"nats://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(nats_server(tmp_path_factory.mktemp("jetstream"))) as server:
        yield _url(server)


@pytest.fixture
async def nats(url: str) -> AsyncIterator[NatsConnection]:
    connection = NatsConnection(url, "test")
    await connection.connect()
    await topology.ensure(connection, _DELIVERY)
    await topology.ensure_results_consumer(connection, "a")
    for stream in topology.streams():
        await connection.jetstream.purge_stream(str(stream.name))
    yield connection
    await connection.close()


async def _refuse(step_id: str, reason: str) -> None:
    raise AssertionError(step_id)


def _source(nats: NatsConnection, pool: Pool = Pool.RAY) -> JetStreamSource:
    return JetStreamSource(nats, pool, DeadLetters(nats), _refuse)


def _consumers(nats: NatsConnection) -> Consumers:
    return Consumers(nats, DeadLetters(nats), InMemoryAttempts(), max_attempts=5)


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


async def test_two_orchestrators_share_the_steps_of_the_local_pool(nats: NatsConnection, url: str) -> None:
    other = NatsConnection(url, "other")
    await other.connect()
    await topology.ensure(other, _DELIVERY)
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


async def test_steps_that_an_earlier_version_queued_come_to_the_ray_actors(tmp_path: Path) -> None:
    with running(nats_server(tmp_path)) as server:
        nats = NatsConnection(_url(server), "test")
        await nats.connect()
        (steps,) = [stream for stream in topology.streams() if stream.name == topology.STEPS]
        await nats.jetstream.add_stream(steps)
        name = topology.STEPS_CONSUMERS[Pool.RAY]
        before = ConsumerConfig(name=name, durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=1)
        await nats.jetstream.add_consumer(topology.STEPS, before)
        request = make_step_request()
        waiting, begun = [replace(request, step_id=step_id) for step_id in ("waiting", "begun")]
        await nats.jetstream.publish("agent.steps.dev", encode(begun).encode())
        source = _source(nats, Pool.RAY)
        assert (await _next(source)).request == begun
        await nats.jetstream.publish("agent.steps.dev", encode(waiting).encode())

        await topology.ensure(nats, _DELIVERY)
        await topology.ensure(nats, _DELIVERY)
        await JetStreamQueue(nats).publish(replace(request, step_id="new"))
        found = [await _next(source) for _ in range(3)]

        assert {delivery.request.step_id for delivery in found} == {"waiting", "begun", "new"}
        for delivery in found:
            await delivery.done()
        await nats.close()


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


async def test_an_event_is_published_once(nats: NatsConnection) -> None:
    event = DeliberationEvent("completed", "task", {"task_id": "task", "winner_id": "w"})

    for _ in range(2):
        await JetStreamEvents(nats).publish(event)

    stored = await nats.jetstream.get_last_msg(topology.ORCHESTRATION, "orchestration.deliberation.completed")
    assert json.loads(stored.data or b"") == event.payload
    assert (await nats.jetstream.stream_info(topology.ORCHESTRATION)).state.messages == 1


async def test_a_changed_configuration_is_applied(nats: NatsConnection) -> None:
    await topology.ensure(nats, topology.DeliveryPolicy(ack_wait_s=7, max_deliver=9))
    await topology.ensure(nats, topology.DeliveryPolicy(ack_wait_s=7, max_deliver=9))
    info = await nats.jetstream.consumer_info(topology.STEPS, topology.STEPS_CONSUMERS[Pool.RAY])

    assert info.config is not None
    assert (info.config.ack_wait, info.config.max_deliver) == (7, 9)


async def test_a_stream_of_an_earlier_version_is_brought_up_to_date_with_its_messages(nats: NatsConnection) -> None:
    (context,) = [stream for stream in topology.streams() if stream.name == topology.CONTEXT]
    await nats.jetstream.update_stream(context.evolve(max_age=600))
    await nats.jetstream.publish("context.decision", b"kept")

    await topology.ensure(nats, _DELIVERY)

    info = await nats.jetstream.stream_info(topology.CONTEXT)
    assert (info.config.max_age, info.state.messages) == (context.max_age, 1)


@pytest.mark.parametrize(
    ("text", "token"), [("plain-1_a", "plain-1_a"), ("a.b c", "a%2Eb%20c"), ("x/*>", "x%2F%2A%3E")]
)
def test_any_text_becomes_one_token_of_a_subject(text: str, token: str) -> None:
    assert topology.token(text) == token


async def test_without_a_connection_everything_is_a_lost_dependency() -> None:
    nats = NatsConnection("nats://127.0.0.1:1", "test")

    with pytest.raises(DependencyLost):
        await JetStreamQueue(nats).publish(make_step_request())
    with pytest.raises(DependencyLost):
        await nats.check()
    await nats.close()


async def test_a_server_that_comes_late_and_goes_and_comes_back_is_used_again(tmp_path: Path) -> None:
    server = nats_server(tmp_path)
    nats = NatsConnection(_url(server), "test")
    nats.on_connect(lambda: topology.ensure(nats, _DELIVERY))
    connecting = asyncio.create_task(nats.connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    server.start()
    try:
        async with asyncio.timeout(10):
            await connecting
        await nats.check()
        request: StepRequest = replace(make_step_request(), step_id="kept")
        await JetStreamQueue(nats).publish(request)

        server.stop()
        with pytest.raises(DependencyLost):
            await nats.check()
        server.start()

        async def back() -> bool:
            try:
                await nats.check()
            except DependencyLost:
                return False
            return True

        await until(back)
        delivery = await _next(_source(nats, Pool.RAY))
        assert delivery.request == request
    finally:
        await nats.close()
        server.stop()
