"""Something that the service depends on dies, lies or is cut off while deliberations are in flight."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import nats
import pytest

from orchestrator.adapters.redis.connection import connect
from orchestrator.system.client import STEPS, Client, dead_letters, published, start_many
from orchestrator.system.local_ray import LocalRay
from orchestrator.system.system import System
from orchestrator.testing.openai_behaviour import Failure, Trouble
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_MANY = 12
_AWAY_S = 0.5
_TROUBLE_S = 2
# How long after its deadline a deliberation may be ended, on a busy machine.
_HOUSEKEEPING_MS = 2_000

Fault = Callable[[System, LocalRay], Awaitable[None]]


async def _restart_nats(whole: System, ray: LocalRay) -> None:
    await asyncio.to_thread(whole.nats.stop)
    await asyncio.sleep(_AWAY_S)
    await asyncio.to_thread(whole.nats.start)


async def _restart_redis(whole: System, ray: LocalRay) -> None:
    await asyncio.to_thread(whole.redis.stop)
    await asyncio.sleep(_AWAY_S)
    await asyncio.to_thread(whole.redis.start)


async def _kill_an_actor(whole: System, ray: LocalRay) -> None:
    await asyncio.to_thread(ray.kill_an_actor)


def _trouble(failure: Failure) -> Fault:
    async def trouble(whole: System, ray: LocalRay) -> None:
        whole.model.trouble = Trouble(failure)
        await asyncio.sleep(_TROUBLE_S)
        whole.model.trouble = None

    return trouble


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_restart_nats, id="NATS is restarted"),
        pytest.param(_restart_redis, id="Redis is restarted"),
        pytest.param(_kill_an_actor, id="an actor is killed"),
        pytest.param(_trouble(Failure.REFUSE), id="the model server refuses for a while"),
        pytest.param(_trouble(Failure.ERROR), id="the model server is unavailable for a while"),
        pytest.param(_trouble(Failure.HANG), id="the model server hangs for a while"),
        pytest.param(_trouble(Failure.GARBAGE), id="the model server answers garbage for a while"),
    ],
)
async def test_what_is_lost_for_a_while_costs_time_and_nothing_else(
    whole: System, ray: LocalRay, clients: Sequence[Client], fault: Fault
) -> None:
    task_ids = await start_many(clients, _MANY)
    while whole.model.counts.answered < _MANY:
        await asyncio.sleep(0.01)

    await fault(whole, ray)

    results = await clients[0].all_over(task_ids)
    assert {result.status for result in results} == {pb.DELIBERATION_STATUS_COMPLETED}
    assert {result.metadata.tags["steps"] for result in results} == {str(STEPS)}
    assert [list(result.warnings) for result in results] == [[]] * _MANY
    assert set((await published(whole, task_ids, 2 * _MANY)).values()) == {1}
    assert await dead_letters(whole) == []


async def test_a_model_server_that_never_answers_again_ends_deliberations_in_time_and_is_named(
    whole: System, clients: Sequence[Client]
) -> None:
    whole.model.trouble = Trouble(Failure.REFUSE)
    timeouts_s = (4, 5, 6, 7)
    started = await asyncio.gather(*(start_many(clients, 2, timeout_s) for timeout_s in timeouts_s))

    results = [await clients[0].all_over(task_ids) for task_ids in started]

    for timeout_s, over in zip(timeouts_s, results, strict=True):
        assert all(result.duration_ms <= timeout_s * 1000 + _HOUSEKEEPING_MS for result in over)
    # Where the last step comes to an agent too late for it to say what was lost, as on a busy machine, time is up.
    ends = [result for over in results for result in over]
    named = [result for result in ends if result.status == pb.DELIBERATION_STATUS_FAILED]
    assert named
    assert all("vllm" in result.error_message for result in named)
    assert {result.status for result in ends} <= {pb.DELIBERATION_STATUS_FAILED, pb.DELIBERATION_STATUS_TIMEOUT}
    assert await dead_letters(whole) == []


async def test_poison_is_a_dead_letter_and_nothing_else_is(whole: System, clients: Sequence[Client]) -> None:
    subjects = ("agent.steps.ray.dev", "agent.steps.local.dev", "context.decision", "agent.results.x", "planning.x")
    async with await nats.connect(whole.nats_url) as connection:
        for subject in subjects:
            await connection.jetstream().publish(subject, b"{poison")

    results = await clients[0].all_over(await start_many(clients, 4))

    assert {result.status for result in results} == {pb.DELIBERATION_STATUS_COMPLETED}
    letters = await dead_letters(whole, len(subjects))
    assert sorted(str(letter["subject"]) for letter in letters) == sorted(subjects)
    assert {letter["data"] for letter in letters} == {"{poison"}


async def test_a_cancelled_deliberation_closes_its_requests_to_the_model(
    whole: System, clients: Sequence[Client]
) -> None:
    whole.model.delay_s = 60
    (task_id,) = await start_many(clients, 1)
    while whole.model.counts.active < 3:
        await asyncio.sleep(0.01)

    answer = await clients[1].stub.CancelDeliberation(pb.CancelDeliberationRequest(task_id=task_id, reason="enough"))

    assert answer.cancelled
    async with asyncio.timeout(10):
        while whole.model.counts.aborted < 3:
            await asyncio.sleep(0.01)
    assert await published(whole, [task_id], 2) == {(task_id, "started"): 1, (task_id, "failed"): 1}


async def test_everything_that_is_kept_about_deliberations_expires(whole: System, clients: Sequence[Client]) -> None:
    await clients[0].all_over(await start_many(clients, 2))

    redis = connect(whole.redis_url)
    ttls = {key: await redis.ttl(key) async for key in redis.scan_iter()}
    await redis.aclose()
    async with await nats.connect(whole.nats_url) as connection:
        streams = await connection.jetstream().streams_info()

    assert len(ttls) > 2 * STEPS
    # Councils are there until somebody deletes them; figures are bounded in number, and open ones until they are over.
    kept = {key.split(":")[0] for key, ttl in ttls.items() if ttl < 0 and key != "deliberations:open"}
    assert kept <= {"councils", "stats"}
    assert all(stream.config.max_age for stream in streams)
