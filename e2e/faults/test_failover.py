"""Two orchestrators share the work, and one of them goes."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from e2e.faults.conftest import SECOND
from e2e.faults.fleet import CHANNEL_OPTIONS, DEADLINE_SECONDS, SIZE, request
from e2e.faults.scenario import DELAY_MS, JITTER, Arena
from e2e.faults.table import Row
from e2e.suite.evidence import new_task_id
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc
from tools.stack.faults import Faults

_RETRY_SECONDS = 0.2
# gRPC ends a call by the second that reaches a server which stops before it has looked at it.
_TRY_ELSEWHERE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
# A lease of three seconds, and what it takes to go through forty deliberations.
_TAKE_OVER_SECONDS = 10


@pytest.fixture
def two(arena: Arena) -> Iterator[list[str]]:
    """Both orchestrators are there; their addresses. Afterwards the first is there again, whatever became of it."""
    arena.faults.start(SECOND)
    yield [os.environ["ORCHESTRATOR_ADDRESS"], os.environ["SECOND_ORCHESTRATOR_ADDRESS"]]
    arena.faults.start("orchestrator")
    arena.faults.stop(SECOND)


def _killed(faults: Faults) -> None:
    faults.kill("orchestrator")


def _stopped(faults: Faults) -> None:
    faults.stop("orchestrator")


@pytest.mark.parametrize(
    ("scenario", "fault", "cuts_off"),
    [("two orchestrators, one killed", _killed, True), ("two orchestrators, one stopped", _stopped, False)],
)
def test_clients_that_call_again_notice_a_delay_alone(
    arena: Arena, two: list[str], scenario: str, fault: Callable[[Faults], None], cuts_off: bool
) -> None:
    """Half of the clients wait at the one that goes. They repeat their call at the other one, and all complete.

    One that is killed cuts their calls off; one that stops may still answer them.
    """
    arena.model.behave(reset=True, delay_ms=DELAY_MS, jitter=JITTER)
    task_ids = [new_task_id() for _ in range(SIZE)]
    dead_before = arena.dead_letters()

    async def scene() -> tuple[list[float], float, float]:
        async with asyncio.TaskGroup() as group:
            clients = [
                group.create_task(_client(two[number % 2 :] + two[: number % 2], task_id))
                for number, task_id in enumerate(task_ids)
            ]
            while arena.model.counts().active == 0:
                await asyncio.sleep(0.02)
            began = time.monotonic()
            await asyncio.to_thread(fault, arena.faults)
            over = time.monotonic()
        return [client.result() for client in clients], over - began, time.monotonic() - over

    delays, seconds, recovery = asyncio.run(scene())

    counts, dead = arena.model.counts(), arena.dead_letters() - dead_before
    arena.table.add(Row(scenario, SIZE, SIZE, 0, {}, counts.requests, counts.duplicates, dead, seconds, recovery))
    assert len(delays) == SIZE
    assert max(delays) < _TAKE_OVER_SECONDS
    assert not cuts_off or any(delays), "nobody waited at the one that was killed"
    assert dead == 0
    arena.check_ended_once(task_ids)


async def _client(addresses: list[str], task_id: str) -> float:
    """Waits for a deliberation, calling again wherever somebody serves; the longest time between two answers."""
    wanted = request(task_id, wait=True)
    give_up = time.monotonic() + DEADLINE_SECONDS
    refused_at: float | None = None
    while True:
        for address in addresses:
            async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
                try:
                    answer = await pb_grpc.OrchestratorServiceStub(channel).Deliberate(wanted, timeout=DEADLINE_SECONDS)
                except grpc.aio.AioRpcError as error:
                    assert error.code() in _TRY_ELSEWHERE, error.details()  # noqa: PT017
                    assert time.monotonic() < give_up, f"nobody serves {task_id}"
                    refused_at = refused_at or time.monotonic()
                else:
                    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
                    assert answer.task_id == task_id
                    return time.monotonic() - refused_at if refused_at else 0.0
        await asyncio.sleep(_RETRY_SECONDS)
