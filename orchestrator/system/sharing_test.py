"""Two orchestrators side by side, as processes: one dies, pauses or stops, and nothing is lost or done twice."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Sequence

import grpc

from orchestrator.system.client import STEPS, Client, published, start_many
from orchestrator.system.local_ray import LocalRay
from orchestrator.system.system import System
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_MANY = 12
_SOON_S = 20


async def _until_answered(whole: System, requests: int) -> None:
    while whole.model.counts.answered < requests:
        await asyncio.sleep(0.01)


async def _assert_each_was_done_once(whole: System, client: Client, task_ids: Sequence[str]) -> None:
    results = await client.all_over(task_ids)
    assert {result.status for result in results} == {pb.DELIBERATION_STATUS_COMPLETED}
    assert {result.metadata.tags["steps"] for result in results} == {str(STEPS)}
    assert [list(result.warnings) for result in results] == [[]] * len(task_ids)
    assert whole.model.counts.requests == STEPS * len(task_ids)
    events = await published(whole, task_ids, 2 * len(task_ids))
    assert Counter(name for _, name in events.elements()) == {"started": len(task_ids), "completed": len(task_ids)}


async def test_two_that_start_at_once_share_one_job(clients: Sequence[Client], ray: LocalRay) -> None:
    assert len(ray.jobs) == 1


async def test_of_two_one_is_killed_and_the_other_ends_what_it_began(whole: System, clients: Sequence[Client]) -> None:
    task_ids = await start_many(clients, _MANY)
    dead, survivor = clients
    await _until_answered(whole, _MANY)

    dead.orchestrator.kill()

    await _assert_each_was_done_once(whole, survivor, task_ids)


async def test_an_owner_that_is_paused_beyond_its_lease_spoils_nothing_when_it_goes_on(
    whole: System, clients: Sequence[Client]
) -> None:
    task_ids = await start_many(clients, _MANY)
    paused, other = clients
    await _until_answered(whole, _MANY)
    paused.orchestrator.signal(signal.SIGSTOP)
    await other.all_over(task_ids)

    paused.orchestrator.signal(signal.SIGCONT)

    task_ids += await start_many([paused], 1)
    await _assert_each_was_done_once(whole, paused, task_ids)


async def test_one_that_stops_gives_up_what_it_has_at_once_and_the_last_one_stops_the_job(
    whole: System, clients: Sequence[Client], ray: LocalRay
) -> None:
    whole.model.delay_s = 0.5
    first, last = clients
    task_ids = await start_many([first], 4)

    first.orchestrator.signal(signal.SIGTERM)
    assert await asyncio.to_thread(first.orchestrator.wait) == 0
    began = time.monotonic()
    await _assert_each_was_done_once(whole, last, task_ids)
    assert time.monotonic() - began < _SOON_S
    assert len(ray.running) == 1

    last.orchestrator.signal(signal.SIGTERM)
    assert await asyncio.to_thread(last.orchestrator.wait) == 0
    assert ray.running == []


async def test_a_job_that_is_to_stay_is_adopted_by_the_next_one(
    whole: System, clients: Sequence[Client], ray: LocalRay
) -> None:
    for client in clients:
        client.orchestrator.signal(signal.SIGTERM)
        await asyncio.to_thread(client.orchestrator.wait)
    jobs: list[list[str]] = []
    for _ in range(2):
        (orchestrator,) = whole.replenish(1, AGENT_JOB_STAYS="1")
        async with grpc.aio.insecure_channel(orchestrator.address) as channel:
            await orchestrator.ready(channel)
        orchestrator.signal(signal.SIGTERM)
        assert await asyncio.to_thread(orchestrator.wait) == 0
        jobs.append(ray.running)

    assert len(jobs[0]) == 1
    assert jobs[0] == jobs[1]
