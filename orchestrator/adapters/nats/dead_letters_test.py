"""What cannot be handled goes to the dead letters of a real nats-server, and from there back."""

import asyncio
import json
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.json_codec import encode
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers, Handler, announcements
from orchestrator.adapters.nats.dead_letters import DeadLetter, DeadLetters, IncompleteDeadLetter, UnknownDeadLetter
from orchestrator.adapters.nats.given_up import listen_for_given_up
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer, JetStreamQueue
from orchestrator.adapters.nats.pulling import Puller
from orchestrator.adapters.nats.steps import JetStreamSource
from orchestrator.application.ports import UnreadableMessage
from orchestrator.domain.council import Pool
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_step_request

_SUBJECT = "context.decision"


@pytest.fixture
def policy() -> topology.DeliveryPolicy:
    return topology.DeliveryPolicy(ack_wait_s=0.5)


async def _letters(nats: NatsConnection) -> dict[int, DeadLetter]:
    return {letter_id: letter async for letter_id, letter in DeadLetters(nats).list()}


async def _buried(nats: NatsConnection) -> tuple[int, DeadLetter]:
    """The only dead letter, once it is there."""
    async with asyncio.timeout(10):
        while not (letters := await _letters(nats)):
            await asyncio.sleep(0.01)
    (found,) = letters.items()
    return found


def _consume(nats: NatsConnection, handler: Handler, attempts: InMemoryAttempts | None = None) -> "asyncio.Task[None]":
    consumers = Consumers(nats, DeadLetters(nats), attempts or InMemoryAttempts(), max_attempts=2)
    return asyncio.create_task(consumers.consume(topology.CONTEXT, topology.CONTEXT_CONSUMER, handler))


async def test_what_cannot_be_read_is_kept_as_it_was_and_what_follows_is_handled(nats: NatsConnection) -> None:
    handled: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(subject: str, data: bytes) -> None:
        if data != b"good":
            raise UnreadableMessage("not an event")
        handled.put_nowait(data)

    await nats.jetstream.publish(_SUBJECT, b"\xffbad", headers={"traceparent": "00-x"})
    await nats.jetstream.publish(_SUBJECT, b"good")
    consuming = _consume(nats, handle)

    _, letter = await _buried(nats)

    async with asyncio.timeout(10):
        assert await handled.get() == b"good"
    consuming.cancel()
    assert (letter.subject, letter.payload, letter.reason) == (_SUBJECT, b"\xffbad", "not an event")
    assert (letter.stream, letter.deliveries, letter.headers) == (topology.CONTEXT, 1, {"traceparent": "00-x"})
    assert letter.at_ms > 0


async def test_what_a_handler_fails_on_each_time_is_given_up_after_so_many_times(nats: NatsConnection) -> None:
    handled = 0

    async def handle(subject: str, data: bytes) -> None:
        nonlocal handled
        handled += 1
        raise RuntimeError("a defect")

    await nats.jetstream.publish(_SUBJECT, b"{}")
    consuming = _consume(nats, handle)

    _, letter = await _buried(nats)
    # It is off its consumer a moment after it is a letter.
    async with asyncio.timeout(10):
        while (await nats.jetstream.consumer_info(topology.CONTEXT, topology.CONTEXT_CONSUMER)).num_ack_pending:
            await asyncio.sleep(0.01)
    consuming.cancel()

    assert handled == 2
    assert "a defect" in letter.reason


async def test_what_ends_its_process_each_time_is_given_up_without_being_handled_again(nats: NatsConnection) -> None:
    begun: asyncio.Queue[None] = asyncio.Queue()
    attempts = InMemoryAttempts()

    async def hang(subject: str, data: bytes) -> None:
        begun.put_nowait(None)
        await asyncio.Event().wait()

    await nats.jetstream.publish(_SUBJECT, b"{}")
    for _ in range(2):
        consuming = _consume(nats, hang, attempts)
        async with asyncio.timeout(10):
            await begun.get()
        # As a process ends that is killed: nothing is acknowledged, and nothing taken back.
        consuming.cancel()
    consuming = _consume(nats, hang, attempts)

    _, letter = await _buried(nats)
    consuming.cancel()

    assert begun.empty()
    assert letter.deliveries == 3


async def test_what_waits_for_a_lost_dependency_is_never_poison(nats: NatsConnection) -> None:
    handled: asyncio.Queue[None] = asyncio.Queue()
    losses = [DependencyLost("redis", "away")] * 4

    async def handle(subject: str, data: bytes) -> None:
        if losses:
            raise losses.pop()
        handled.put_nowait(None)

    await nats.jetstream.publish(_SUBJECT, b"{}")
    consuming = _consume(nats, handle)

    async with asyncio.timeout(20):
        await handled.get()
    consuming.cancel()
    assert await _letters(nats) == {}


async def test_an_announcement_that_no_instance_can_read_is_one_dead_letter(nats: NatsConnection) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def handle(task_id: str, step_id: str) -> None:
        heard.put_nowait(task_id)

    consumers = Consumers(nats, DeadLetters(nats), InMemoryAttempts(), max_attempts=2)
    consuming = []
    for instance in "ab":
        await topology.ensure_results_consumer(nats, instance)
        consumer = topology.results_consumer(instance)
        consuming.append(asyncio.create_task(consumers.consume(topology.RESULTS, consumer, announcements(handle))))
    for data in (b"not an announcement", b"[]"):
        await nats.jetstream.publish("agent.results.x", data)
    await JetStreamAnnouncer(nats).announce("task", "step")

    async with asyncio.timeout(10):
        assert [await heard.get() for _ in range(2)] == ["task"] * 2
    for task in consuming:
        task.cancel()
    assert [letter.data for letter in (await _letters(nats)).values()] == ["not an announcement", "[]"]


async def test_a_step_that_cannot_be_read_fails_for_its_deliberation_and_the_next_one_is_worked_on(
    nats: NatsConnection,
) -> None:
    refused: list[tuple[str, str]] = []

    async def refuse(step_id: str, reason: str) -> None:
        refused.append((step_id, reason))

    await nats.jetstream.publish("agent.steps.ray.dev", b"{", headers={topology.MESSAGE_ID: "t/1/0/propose/agent-1"})
    half_a_character = encode(replace(make_step_request(), step_id="half")).replace(b"half", b"\\ud800")
    await nats.jetstream.publish("agent.steps.ray.dev", half_a_character, headers={topology.MESSAGE_ID: "whatever"})
    await JetStreamQueue(nats).publish(replace(make_step_request(), step_id="after"))
    source = JetStreamSource(nats, Pool.RAY, DeadLetters(nats), refuse)

    async with asyncio.timeout(10):
        while (delivery := await source.next()) is None:
            pass

    assert delivery.request.step_id == "after"
    await delivery.done()
    assert [step_id for step_id, _ in refused] == ["t/1/0/propose/agent-1"]
    first, second = (await _letters(nats)).values()
    assert (first.task_id, first.step_id) == ("t/1", "t/1/0/propose/agent-1")
    assert (second.task_id, second.step_id) == ("", "")
    await _until_no_steps(nats)


async def test_a_step_that_is_buried_is_off_the_queue_and_names_its_deliberation(nats: NatsConnection) -> None:
    request = replace(make_step_request(), step_id="poison")
    await JetStreamQueue(nats).publish(request)
    source = JetStreamSource(nats, Pool.RAY, DeadLetters(nats), _never)
    async with asyncio.timeout(10):
        while (delivery := await source.next()) is None:
            pass

    await delivery.bury("failed 5 times")

    _, letter = await _buried(nats)
    assert (letter.task_id, letter.step_id, letter.reason) == (request.task_id, "poison", "failed 5 times")
    await _until_no_steps(nats)


async def _until_no_steps(nats: NatsConnection) -> None:
    """Returns when no step is queued any more."""
    async with asyncio.timeout(10):
        while (await nats.jetstream.stream_info(topology.STEPS)).state.messages:
            await asyncio.sleep(0.01)


async def _never(step_id: str, reason: str) -> None:
    raise AssertionError(step_id)


async def test_a_letter_is_put_back_where_it_came_from_and_is_one_no_more(nats: NatsConnection) -> None:
    await nats.jetstream.publish(_SUBJECT, b"\xff", headers={topology.MESSAGE_ID: "m", "traceparent": "00-x"})
    broken = True
    handled: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(subject: str, data: bytes) -> None:
        if broken:
            raise UnreadableMessage("a version that is too old")
        handled.put_nowait(data)

    consuming = _consume(nats, handle)
    letter_id, letter = await _buried(nats)
    broken = False

    replayed = await nats.client.subscribe(_SUBJECT)
    assert await DeadLetters(nats).replay(letter_id) == letter

    async with asyncio.timeout(10):
        assert await handled.get() == b"\xff"
    consuming.cancel()
    assert await _letters(nats) == {}
    headers = (await replayed.next_msg(10)).headers
    assert headers is not None
    assert headers["traceparent"] == "00-x"


async def test_a_letter_that_is_discarded_is_gone_and_what_is_not_there_is_said(nats: NatsConnection) -> None:
    await nats.jetstream.publish(topology.dead_subject("X"), b"not a letter of ours")
    ((letter_id, letter),) = (await _letters(nats)).items()
    assert letter.payload == b"not a letter of ours"
    with pytest.raises(UnknownDeadLetter):
        await DeadLetters(nats).replay(letter_id)

    await DeadLetters(nats).discard(letter_id)

    assert await _letters(nats) == {}
    for use in (DeadLetters(nats).show, DeadLetters(nats).replay, DeadLetters(nats).discard):
        with pytest.raises(UnknownDeadLetter):
            await use(letter_id)


async def test_a_letter_is_json_that_others_can_read(nats: NatsConnection) -> None:
    async def handle(subject: str, data: bytes) -> None:
        raise UnreadableMessage("not an event")

    await nats.jetstream.publish(_SUBJECT, b"{}")
    consuming = _consume(nats, handle)
    await _buried(nats)
    consuming.cancel()

    stored = await nats.jetstream.get_last_msg(topology.DEAD_LETTERS, topology.dead_subject(topology.CONTEXT))

    document = json.loads(stored.data or b"")
    assert (document["subject"], document["data"], document["reason"]) == (_SUBJECT, "{}", "not an event")


@pytest.mark.parametrize("data", [b"\x01" * 1_000_000, b"\xff" * 1_000_000], ids=["text that grows", "no text"])
async def test_a_message_that_is_too_long_to_be_kept_whole_is_off_its_stream_all_the_same(
    nats: NatsConnection, data: bytes
) -> None:
    async def handle(subject: str, data: bytes) -> None:
        raise UnreadableMessage("not an event")

    await nats.jetstream.publish(_SUBJECT, data, headers={"traceparent": "00-x"})
    consuming = _consume(nats, handle)

    letter_id, letter = await _buried(nats)
    async with asyncio.timeout(10):
        while (await nats.jetstream.consumer_info(topology.CONTEXT, topology.CONTEXT_CONSUMER)).num_ack_pending:
            await asyncio.sleep(0.01)
    consuming.cancel()

    assert letter.cut
    assert data.startswith(letter.payload)
    assert len(letter.payload) > 1000
    with pytest.raises(IncompleteDeadLetter):
        await DeadLetters(nats).replay(letter_id)
    assert await DeadLetters(nats).show(letter_id) == letter


async def test_what_the_server_gives_up_is_a_dead_letter_and_no_work_any_more(nats: NatsConnection) -> None:
    await topology.ensure(nats, topology.DeliveryPolicy(ack_wait_s=0.2, max_deliver=2))
    for _ in range(2):
        # As in two instances: one of them does it.
        await listen_for_given_up(nats, DeadLetters(nats))
    await nats.jetstream.publish("agent.steps.ray.dev", b"{}")
    await nats.jetstream.publish(_SUBJECT, b"{}")
    pullers = [
        Puller(nats, topology.STEPS, topology.STEPS_CONSUMERS[Pool.RAY]),
        Puller(nats, topology.CONTEXT, topology.CONTEXT_CONSUMER),
    ]

    async def never_acknowledge(puller: Puller) -> None:
        while True:
            await puller.pull()

    pulling = [asyncio.create_task(never_acknowledge(puller)) for puller in pullers]
    async with asyncio.timeout(20):
        while len(letters := await _letters(nats)) < 2:
            await asyncio.sleep(0.01)
    for task in pulling:
        task.cancel()

    assert {letter.subject for letter in letters.values()} == {"agent.steps.ray.dev", _SUBJECT}
    assert {letter.deliveries for letter in letters.values()} == {2}
    await _until_no_steps(nats)


async def test_an_advisory_of_what_is_gone_or_cannot_be_read_is_harmless(nats: NatsConnection) -> None:
    await DeadLetters(nats).bury_undelivered(topology.CONTEXT, 999_999, 5, "gone")

    assert await _letters(nats) == {}


def test_the_servers_own_bound_is_far_beyond_ours() -> None:
    bounds = {consumer.max_deliver or 0 for _, consumer in topology.consumers(topology.DeliveryPolicy())}

    assert min(bounds) > 1000
