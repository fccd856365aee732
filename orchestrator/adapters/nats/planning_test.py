"""Planning events and derived tasks through a real nats-server."""

import asyncio
import json

from nats.js.api import StreamConfig

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.json_codec import decode
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.publishing import JetStreamTasks
from orchestrator.application.planning import KeepPlanningEvent
from orchestrator.domain.derivation import AtomicTask, DerivationRequest, Knowledge, derive
from orchestrator.testing.stage import Stage
from orchestrator.testing.waiting import until


async def test_events_subjects_give_way_to_the_stream_of_tasks(
    bare: NatsConnection, policy: topology.DeliveryPolicy
) -> None:
    await bare.jetstream.add_stream(StreamConfig(name=topology.ORCHESTRATION, subjects=["orchestration.>"]))

    await topology.ensure(bare, policy)

    assert await bare.jetstream.find_stream_name_by_subject("orchestration.tasks.dev") == topology.TASKS
    events = await bare.jetstream.find_stream_name_by_subject("orchestration.deliberation.started")
    assert events == topology.ORCHESTRATION


async def test_a_task_is_published_once_to_its_roles_subject(nats: NatsConnection) -> None:
    dev, qa = derive(DerivationRequest("case-1", "plan-1", ("DEV", "QA")), Knowledge()).tasks

    for task in (dev, qa, dev):
        await JetStreamTasks(nats).publish(task)

    assert (await nats.jetstream.stream_info(topology.TASKS)).state.messages == 2
    stored = await nats.jetstream.get_last_msg(topology.TASKS, "orchestration.tasks.qa")
    assert decode(AtomicTask, stored.data or b"") == qa


async def test_an_event_is_processed_though_others_before_it_are_malformed(nats: NatsConnection) -> None:
    stage = Stage()
    event = {"event_type": "t", "case_id": "c", "plan_id": "p", "to_state": "DRAFT", "timestamp_ms": 5}
    half_a_character = {**event, "metadata": {"title": "\ud800"}}
    unreadable = ["{", json.dumps(half_a_character)]
    for document in unreadable:
        await nats.jetstream.publish("planning.plan.changed", document.encode())
    for _ in range(2):
        await nats.jetstream.publish("planning.plan.changed", json.dumps(event).encode())
    consumers = Consumers(nats, DeadLetters(nats), InMemoryAttempts(), max_attempts=3)
    keep = KeepPlanningEvent(stage.process_planning_event)
    consuming = asyncio.create_task(consumers.consume(topology.PLANNING, topology.PLANNING_CONSUMER, keep))

    async def all_acknowledged() -> bool:
        info = await nats.jetstream.consumer_info(topology.PLANNING, topology.PLANNING_CONSUMER)
        return bool(info.num_pending == 0 and info.num_ack_pending == 0)

    await until(all_acknowledged)
    consuming.cancel()

    assert [kept.plan_id for kept in await stage.plans.events("c", "p")] == ["p"]
    assert [letter.data async for _, letter in DeadLetters(nats).list()] == unreadable
