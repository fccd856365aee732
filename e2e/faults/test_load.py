"""More calls than the service takes on: it refuses at once, finishes what it took on, and stays as large as it is."""

import asyncio
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status.rpc_status import from_call

from e2e.faults.fleet import CHANNEL_OPTIONS, request
from e2e.faults.scenario import Arena
from e2e.suite.evidence import new_task_id
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

CALLERS = 300
SECONDS = 60
WARM_SECONDS = 10
GROWTH = 1.10
MODEL_MS = 200
# A refusal costs one look into Redis. On a small machine the test's own callers take their share of it.
AT_ONCE_SECONDS = 0.5
SELDOM_SECONDS = 3.0


@dataclass
class Tally:
    """What became of the calls. `refusals` are the seconds until each refusal."""

    completed: int = 0
    others: list[str] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)


def test_overload_is_refused_at_once_and_memory_stays_flat(arena: Arena) -> None:
    """300 callers for a minute: who is accepted gets an answer, who is not hears when to come again."""
    arena.model.behave(reset=True, delay_ms=MODEL_MS)
    tally = Tally()
    memory = asyncio.run(_storm(arena, tally))

    refusals = sorted(tally.refusals)
    figures = {
        "completed": tally.completed,
        "refused": len(refusals),
        "median seconds until refused": f"{statistics.median(refusals):.3f}",
        "99 % refused within seconds": f"{refusals[len(refusals) * 99 // 100]:.3f}",
        "memory after 10 s, MB": f"{memory[0] / 1e6:.1f}",
        "memory after 60 s, MB": f"{memory[1] / 1e6:.1f}",
    }
    text = "".join(f"{name:<30} {value}\n" for name, value in figures.items())
    (Path(os.environ["OUTPUTS"]) / "load.txt").write_text(text)
    assert tally.completed > 0
    assert not tally.others
    assert statistics.median(refusals) < AT_ONCE_SECONDS
    assert refusals[len(refusals) * 99 // 100] < SELDOM_SECONDS
    assert memory[1] <= memory[0] * GROWTH, text


async def _storm(arena: Arena, tally: Tally) -> tuple[int, int]:
    """Lets all callers call for SECONDS, and those who were accepted finish; memory after WARM_SECONDS and at the end."""
    end = time.monotonic() + SECONDS
    async with grpc.aio.insecure_channel(os.environ["ORCHESTRATOR_ADDRESS"], options=CHANNEL_OPTIONS) as channel:
        stub = pb_grpc.OrchestratorServiceStub(channel)
        async with asyncio.TaskGroup() as callers:
            for _ in range(CALLERS):
                callers.create_task(_call_until(end, stub, tally))
            await asyncio.sleep(WARM_SECONDS)
            early = await asyncio.to_thread(arena.faults.usage, "orchestrator")
            await asyncio.sleep(end - time.monotonic())
            late = await asyncio.to_thread(arena.faults.usage, "orchestrator")
    return early.anonymous, late.anonymous


async def _call_until(end: float, stub: "pb_grpc.OrchestratorServiceAsyncStub", tally: Tally) -> None:
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            answer = await stub.Deliberate(request(new_task_id(), wait=True), timeout=90)
        except grpc.aio.AioRpcError as error:
            pause = _pause(error)
            if pause is None:
                tally.others.append(f"{error.code().name}: {error.details()}")
                return
            tally.refusals.append(time.monotonic() - began)
            await asyncio.sleep(pause)
        else:
            if answer.status == pb.DELIBERATION_STATUS_COMPLETED:
                tally.completed += 1
            else:
                tally.others.append(pb.DeliberationStatus.Name(answer.status))


def _pause(error: grpc.aio.AioRpcError) -> float | None:
    """When a refused call may be made again, in seconds; None for any other error."""
    status = from_call(error)  # type: ignore[arg-type]
    info = RetryInfo()
    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED or not status or not status.details[0].Unpack(info):
        return None
    return float(info.retry_delay.ToMilliseconds()) / 1000
