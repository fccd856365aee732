"""A system for the tests of a module, with two orchestrators that are ready for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack

import grpc
import pytest

from orchestrator.system.client import Client, forget_dead_letters
from orchestrator.system.local_ray import LocalRay
from orchestrator.system.system import System, system


@pytest.fixture(scope="module")
def ray() -> LocalRay:
    return LocalRay()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, ray: LocalRay) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("system"), ray) as whole:
        yield whole


@pytest.fixture
async def clients(whole: System) -> AsyncIterator[Sequence[Client]]:
    """Of two orchestrators. What the tests before did to the system has been made good, and the counts are at nought."""
    whole.model.control({"reset": True})
    async with AsyncExitStack() as stack:
        clients = []
        for orchestrator in whole.replenish(2):
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(orchestrator.address))
            clients.append(Client(orchestrator, channel))
        await asyncio.gather(*(client.orchestrator.ready(client.channel) for client in clients))
        await forget_dead_letters(whole)
        whole.model.control({"reset": True, "delay_ms": 100})
        yield clients
