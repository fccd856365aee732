"""Planning events and derived tasks through a real nats-server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
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
from orchestrator.testing.servers import nats_server, running
from orchestrator.testing.stage import Stage
from orchestrator.testing.waiting import until

_DELIVERY = topology.DeliveryPolicy(ack_wait_s=1, max_deliver=3)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(nats_server(tmp_path_factory.mktemp("jetstream"))) as server:
        yield f"nats://127.0.0.1:{server.port}"


@pytest.fixture
async def nats(url: str) -> AsyncIterator[NatsConnection]:
    connection = NatsConnection(url, "test")
    await connection.connect()
    yield connection
    await connection.close()


async def test_events_subjects_give_way_to_the_stream_of_tasks(nats: NatsConnection) -> None:
    await nats.jetstream.add_stream(StreamConfig(name=topology.ORCHESTRATION, subjects=["orchestration.>"]))

    await topology.ensure(nats, _DELIVERY)

    assert await nats.jetstream.find_stream_name_by_subject("orchestration.tasks.dev") == topology.TASKS
    events = await nats.jetstream.find_stream_name_by_subject("orchestration.deliberation.started")
    assert events == topology.ORCHESTRATION


async def test_a_task_is_published_once_to_its_roles_subject(nats: NatsConnection) -> None:
    await topology.ensure(nats, _DELIVERY)
    dev, qa = derive(DerivationRequest("case-1", "plan-1", ("DEV", "QA")), Knowledge()).tasks

    for task in (dev, qa, dev):
        await JetStreamTasks(nats).publish(task)

    assert (await nats.jetstream.stream_info(topology.TASKS)).state.messages == 2
    stored = await nats.jetstream.get_last_msg(topology.TASKS, "orchestration.tasks.qa")
    assert decode(AtomicTask, stored.data or b"") == qa


async def test_an_event_is_processed_though_one_before_it_is_malformed(nats: NatsConnection) -> None:
    await topology.ensure(nats, _DELIVERY)
    stage = Stage()
    event = {"event_type": "t", "case_id": "c", "plan_id": "p", "to_state": "DRAFT", "timestamp_ms": 5}
    await nats.jetstream.publish("planning.plan.changed", b"{")
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
    assert [letter.data async for _, letter in DeadLetters(nats).list()] == ["{"]
