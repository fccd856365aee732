"""Calls of an orchestrator, and what is published about its deliberations."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import grpc
import nats
from nats.aio.msg import Msg

from orchestrator.system.system import Orchestrator, System
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

# The steps of a deliberation with three agents and one round.
STEPS = 9

_PATIENCE_S = 40
_GOING_ON = (pb.DELIBERATION_STATUS_PENDING, pb.DELIBERATION_STATUS_IN_PROGRESS)


class Client:
    """Calls of one orchestrator. What cannot be answered just now is asked again, as clients do."""

    def __init__(self, orchestrator: Orchestrator, channel: grpc.aio.Channel) -> None:
        self.orchestrator = orchestrator
        self.channel = channel
        self.stub: Any = pb_grpc.OrchestratorServiceStub(channel)

    async def start(self, task_id: str, timeout_s: int = 60) -> None:
        """Has a deliberation of three agents and one round begin."""
        await self.stub.Deliberate(
            pb.DeliberateRequest(
                task_id=task_id,
                task_description="Add two numbers.",
                role="DEV",
                mode=pb.ASYNC,
                constraints=pb.TaskConstraints(timeout_seconds=timeout_s),
            )
        )

    async def over(self, task_id: str) -> pb.GetDeliberationResultResponse:
        """A deliberation once it is over."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    answer: pb.GetDeliberationResultResponse = await self.stub.GetDeliberationResult(
                        pb.GetDeliberationResultRequest(task_id=task_id)
                    )
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAVAILABLE:
                        raise
                else:
                    if answer.status not in _GOING_ON:
                        return answer
                await asyncio.sleep(0.02)

    async def all_over(self, task_ids: Collection[str]) -> list[pb.GetDeliberationResultResponse]:
        """Several of them."""
        return await asyncio.gather(*(self.over(task_id) for task_id in task_ids))


async def start_many(clients: Sequence[Client], count: int, timeout_s: int = 60) -> list[str]:
    """Has so many deliberations begin, at each of the orchestrators in turn."""
    task_ids = [f"task-{uuid.uuid4().hex}" for _ in range(count)]
    turns = [clients[number % len(clients)] for number in range(count)]
    await asyncio.gather(*(client.start(id_, timeout_s) for client, id_ in zip(turns, task_ids, strict=True)))
    return task_ids


async def published(whole: System, task_ids: Collection[str], count: int) -> Counter[tuple[str, str]]:
    """How often each event of these deliberations was published, by task_id and name, once there are so many."""
    events: Counter[tuple[str, str]] = Counter()
    async with asyncio.timeout(_PATIENCE_S):
        while events.total() < count:
            events.clear()
            async for message in _stored(whole, "ORCHESTRATION", "orchestration.deliberation.>"):
                document = json.loads(message.data)
                if document["task_id"] in task_ids:
                    events[document["task_id"], document["event"]] += 1
    return events


async def dead_letters(whole: System, count: int = 0) -> list[dict[str, object]]:
    """All dead letters, once there are so many."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            found = [json.loads(message.data) async for message in _stored(whole, "DEAD_LETTERS", "dead.>")]
            if len(found) >= count:
                return found


async def forget_dead_letters(whole: System) -> None:
    """Discards all dead letters."""
    async with await nats.connect(whole.nats_url) as connection:
        await connection.jetstream().purge_stream("DEAD_LETTERS")


async def _stored(whole: System, stream: str, subject: str) -> AsyncIterator[Msg]:
    async with await nats.connect(whole.nats_url) as connection:
        jetstream = connection.jetstream()
        subscription = await jetstream.subscribe(subject, ordered_consumer=True)
        for _ in range((await jetstream.stream_info(stream)).state.messages):
            yield await subscription.next_msg(5)
