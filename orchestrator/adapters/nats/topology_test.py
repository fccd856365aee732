"""Streams and consumers on a real nats-server."""

import json

import pytest

from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.publishing import JetStreamEvents
from orchestrator.application.ports import DeliberationEvent
from orchestrator.domain.council import Pool


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


async def test_a_stream_of_an_earlier_version_is_brought_up_to_date_with_its_messages(
    nats: NatsConnection, policy: topology.DeliveryPolicy
) -> None:
    (context,) = [stream for stream in topology.streams() if stream.name == topology.CONTEXT]
    await nats.jetstream.update_stream(context.evolve(max_age=600))
    await nats.jetstream.publish("context.decision", b"kept")

    await topology.ensure(nats, policy)

    info = await nats.jetstream.stream_info(topology.CONTEXT)
    assert (info.config.max_age, info.state.messages) == (context.max_age, 1)


@pytest.mark.parametrize(
    ("text", "token"), [("plain-1_a", "plain-1_a"), ("a.b c", "a%2Eb%20c"), ("x/*>", "x%2F%2A%3E")]
)
def test_any_text_becomes_one_token_of_a_subject(text: str, token: str) -> None:
    assert topology.token(text) == token
