"""The whole service on a real NATS and Redis, without Ray: councils whose steps the orchestrators work off themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from orchestrator.adapters.redis.connection import connect
from orchestrator.bootstrap import real_service
from orchestrator.runner import run
from orchestrator.settings import Settings
from orchestrator.testing.openai_server import Behaviour, serving
from orchestrator.testing.servers import nats_server, redis_server, running
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

_NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Backends:
    """Addresses of the servers that are there."""

    nats: str
    redis: str


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    folders = [tmp_path_factory.mktemp(name) for name in ("nats", "redis")]
    with running(nats_server(folders[0])) as nats, running(redis_server(folders[1])) as redis:
        yield Backends(f"nats://127.0.0.1:{nats.port}", f"redis://127.0.0.1:{redis.port}/0")


@asynccontextmanager
async def orchestrator(backends: Backends, vllm_url: str = f"{_NOWHERE}/v1") -> AsyncIterator[Any]:
    """A service for the duration of the block; yields a stub of it."""
    settings = Settings.from_environment(
        {
            "ORCHESTRATOR_LISTEN": "127.0.0.1:0",
            "ORCHESTRATOR_DRAIN_SECONDS": "0",
            "NATS_URL": backends.nats,
            "REDIS_URL": backends.redis,
            "RAY_JOBS_URL": _NOWHERE,
            "VLLM_URL": vllm_url,
            "MODEL": "tiny",
        }
    )
    service, stop = real_service(settings), asyncio.Event()
    serving_ = asyncio.create_task(run(service, stop, settings.drain_s))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as channel:
            yield pb_grpc.OrchestratorServiceStub(channel)
    finally:
        stop.set()
        await serving_


async def _deliberate(stub: Any, **request: Any) -> pb.DeliberateResponse:
    """Asks until what the council needs is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                answer: pb.DeliberateResponse = await stub.Deliberate(
                    pb.DeliberateRequest(task_description="Add two numbers.", **request), wait_for_ready=True
                )
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                await asyncio.sleep(0.02)
            else:
                return answer


async def _create(stub: Any, role: str, agent_type: str) -> None:
    config = pb.CouncilConfig(agent_type=agent_type, enable_peer_review=True)
    await stub.CreateCouncil(pb.CreateCouncilRequest(role=role, config=config), wait_for_ready=True)


async def test_a_council_of_mocks_deliberates_without_ray_and_without_a_model(backends: Backends) -> None:
    async with orchestrator(backends) as stub:
        await _create(stub, "MOCKS", "MOCK")
        first = await _deliberate(stub, role="MOCKS", task_id="first")
        listed = await stub.ListCouncils(pb.ListCouncilsRequest(include_agents=True))

    assert first.status == pb.DELIBERATION_STATUS_COMPLETED
    assert (first.metadata.tags["steps"], first.metadata.tags["model"]) == ("9", "mock")
    statuses = {council.role: {agent.status for agent in council.agents} for council in listed.councils}
    assert (statuses["MOCKS"], statuses["DEV"]) == ({"ready"}, {"offline"})


async def test_a_council_that_asks_vllm_deliberates_without_ray(backends: Backends) -> None:
    behaviour = Behaviour("tiny")
    with serving(behaviour) as url:
        async with orchestrator(backends, url) as stub:
            await _create(stub, "DIRECT", "VLLM")
            answer = await _deliberate(stub, role="DIRECT")
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await stub.Deliberate(pb.DeliberateRequest(task_description="x", role="DEV"))

    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
    assert not answer.warnings
    assert len(behaviour.requests) == 9
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "ray" in (raised.value.details() or "")


async def test_two_orchestrators_share_the_councils_and_the_work(backends: Backends) -> None:
    async with AsyncExitStack() as stack:
        stubs = [await stack.enter_async_context(orchestrator(backends)) for _ in range(2)]
        await _create(stubs[0], "SHARED", "MOCK")
        calls = [_deliberate(stubs[n % 2], role="SHARED", task_id=f"shared-{n}") for n in range(8)]
        answers = await asyncio.gather(*calls)
        client = connect(backends.redis)
        documents = [await client.get(f"deliberation:{answer.task_id}") for answer in answers]
        await client.aclose()

    assert {answer.status for answer in answers} == {pb.DELIBERATION_STATUS_COMPLETED}
    workers = {part for document in documents for part in str(document).split('"') if part.startswith("local-")}
    assert len(workers) == 2
