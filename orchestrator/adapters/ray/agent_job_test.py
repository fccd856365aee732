"""Keeping the agents' job running, over the Jobs API's documented HTTP interface."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import pytest

from orchestrator.adapters.ray.agent_job import APP, AgentJob
from orchestrator.adapters.ray.jobs_api import JobsApi
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.http_server import Connection, Handler, Reply, Request


@asynccontextmanager
async def _api(handler: Handler) -> AsyncIterator[JobsApi]:
    """The API of a server that answers so, for the duration of the block."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handler), "127.0.0.1", 0)
    api = JobsApi(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield api
    finally:
        await api.close()
        server.close()


class FakeRay:
    """Answers as Ray's dashboard does."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.away = False
        self.api: JobsApi

    async def answer(self, request: Request) -> Reply:
        if self.away:
            return Reply(hang_up=True)
        parts = request.path.strip("/").split("/")
        match request.method, parts[2:]:
            case "POST", []:
                body = json.loads(request.body)
                self.jobs[body["submission_id"]] = {**body, "status": "RUNNING", "message": ""}
                return Reply(200, {"submission_id": body["submission_id"]})
            case "GET", []:
                # A driver that joined by itself has no submission id.
                return Reply(200, [*self.jobs.values(), {"job_id": "01", "status": "RUNNING"}])
            case "GET", [name] if name in self.jobs:
                return Reply(200, self.jobs[name])
            case "POST", [name, "stop"] if name in self.jobs:
                self.jobs[name]["status"] = "STOPPED"
                return Reply(200, {"stopped": True})
        return Reply(404, "there is none")

    @property
    def running(self) -> list[str]:
        return [name for name, job in self.jobs.items() if job["status"] == "RUNNING"]


@pytest.fixture
async def ray() -> AsyncIterator[FakeRay]:
    ray = FakeRay()
    async with _api(ray.answer) as ray.api:
        yield ray


Lock = Callable[[], AbstractAsyncContextManager[bool]]


def _free() -> AbstractAsyncContextManager[bool]:
    return nullcontext(True)


def _job(
    ray: FakeRay,
    env: Mapping[str, str] | None = None,
    version: str = "1",
    lock: Lock = _free,
    on_found: Callable[[], None] = lambda: None,
) -> AgentJob:
    numbers = (f"{version}-{number}" for number in itertools.count(len(ray.jobs)))
    return AgentJob(ray.api, "python -m agents", env or {"A": "1"}, version, lambda: next(numbers), lock, on_found)


async def test_a_job_is_submitted_with_its_environment(ray: FakeRay) -> None:
    job = _job(ray)

    await job._ensure()

    assert ray.running == [job.current]
    submitted = ray.jobs[job.current]
    assert submitted["entrypoint"] == "python -m agents"
    assert submitted["runtime_env"]["env_vars"] == {"A": "1", "AGENT_JOB": job.current}


async def test_it_is_told_of_each_job_that_becomes_the_current_one_and_of_no_other(ray: FakeRay) -> None:
    found = list[str]()
    held = [False, True, True]
    job: AgentJob = _job(ray, lock=lambda: nullcontext(held.pop(0)), on_found=lambda: found.append(job.current))
    for _ in range(3):
        await job._ensure()
    assert found == [job.current]

    ray.jobs.clear()
    await job._ensure()

    assert found[1:] == [job.current]


async def test_a_running_job_is_left_alone(ray: FakeRay) -> None:
    job = _job(ray)
    for _ in range(3):
        await job._ensure()

    assert len(ray.jobs) == 1


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED", "STOPPED"])
async def test_a_job_that_ended_is_replaced(ray: FakeRay, status: str) -> None:
    job = _job(ray)
    await job._ensure()
    first = job.current
    ray.jobs[first]["status"] = status

    await job._ensure()

    assert job.current != first
    assert ray.running == [job.current]


async def test_a_job_that_ray_has_forgotten_is_submitted_again(ray: FakeRay) -> None:
    job = _job(ray)
    await job._ensure()
    ray.jobs.clear()

    await job._ensure()

    assert ray.running == [job.current]


async def test_the_same_configuration_is_adopted_after_a_restart(ray: FakeRay) -> None:
    before, after = _job(ray), _job(ray)
    await before._ensure()

    await after._ensure()

    assert after.current == before.current
    assert len(ray.jobs) == 1


async def test_another_configuration_replaces_it_and_leaves_strangers_alone(ray: FakeRay) -> None:
    await _job(ray)._ensure()
    ray.jobs["stranger"] = {"submission_id": "stranger", "status": "RUNNING", "metadata": None}
    changed, newer = _job(ray, {"A": "2"}), _job(ray, {"A": "2"}, version="2")

    await changed._ensure()
    assert sorted(ray.running) == sorted(["stranger", changed.current])
    await newer._ensure()
    assert sorted(ray.running) == sorted(["stranger", newer.current])


async def test_while_another_instance_looks_this_one_waits(ray: FakeRay) -> None:
    held = [False, True]
    job = _job(ray, lock=lambda: nullcontext(held.pop(0)))

    await job._ensure()
    assert (ray.jobs, job.current) == ({}, "")
    await job._ensure()
    assert ray.running == [job.current]


async def test_of_two_configurations_that_of_the_last_start_stays(ray: FakeRay) -> None:
    older, newer = _job(ray), _job(ray, {"A": "2"}, version="2")
    await older._ensure()
    await newer._ensure()

    for _ in range(3):
        await older._ensure()
        await newer._ensure()

    assert ray.running == [newer.current]
    assert older.current == newer.current


async def test_stopping_waits_until_the_job_has_ended(ray: FakeRay) -> None:
    job = _job(ray)
    await job._ensure()

    await job.stop(patience_s=5)

    assert ray.running == []
    assert ray.jobs[job.current]["metadata"]["app"] == APP


async def test_stopping_is_quiet_without_a_job_or_without_ray(ray: FakeRay) -> None:
    job = _job(ray)
    await job.stop(patience_s=1)
    await job._ensure()
    ray.away = True

    await job.stop(patience_s=1)


async def test_a_dashboard_that_is_away_is_a_lost_dependency(ray: FakeRay) -> None:
    ray.away = True

    with pytest.raises(DependencyLost):
        await _job(ray)._ensure()


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(200, "<html>"), id="not JSON"),
        pytest.param(Reply(200, "[" * 100_000), id="deeper than can be read"),
        pytest.param(Reply(200, 1), id="not jobs"),
        pytest.param(Reply(200, [[]]), id="not a job"),
        pytest.param(Reply(200, [{"submission_id": "a"}]), id="half a job"),
        pytest.param(Reply(302, ""), id="elsewhere"),
        pytest.param(Reply(500, ""), id="a failure"),
    ],
)
async def test_what_is_no_answer_of_a_dashboard_is_a_lost_dependency(reply: Reply) -> None:
    async def answer(_: Request) -> Reply:
        return reply

    async with _api(answer) as api:
        with pytest.raises(DependencyLost):
            await api.jobs()
        with pytest.raises(DependencyLost):
            await api.job("a")


async def test_a_job_that_cannot_be_submitted_is_a_lost_dependency() -> None:
    async def answer(_: Request) -> Reply:
        return Reply(404)

    async with _api(answer) as api:
        with pytest.raises(DependencyLost):
            await api.submit("a", "true", {}, {})
