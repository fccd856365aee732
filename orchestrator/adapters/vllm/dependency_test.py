"""A vLLM that is late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from orchestrator.adapters.vllm import client
from orchestrator.adapters.vllm.client import VllmDependency
from orchestrator.domain.errors import DependencyLost

_LISTED = b'{"data": [{"id": "tiny"}]}'


@asynccontextmanager
async def _server(free: asyncio.Event) -> AsyncIterator[VllmDependency]:
    """A server that answers nothing unless it is `free`, as it is asked for."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await free.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_LISTED), _LISTED))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        dependency = VllmDependency(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "tiny")
        yield dependency
        free.set()
        await dependency.close()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    monkeypatch.setattr(client, "_CHECK_S", 0.2)
    monkeypatch.setattr(client, "_PATIENCE_S", 0.3)
    return asyncio.Event()


async def test_one_that_was_there_may_be_late_for_a_while(free: asyncio.Event) -> None:
    free.set()
    async with _server(free) as dependency:
        await dependency.check()
        free.clear()
        await dependency.check()
        with pytest.raises(DependencyLost, match="took too long"):
            await dependency.check()
        free.set()
        await dependency.check()
        free.clear()
        await dependency.check()


async def test_one_that_never_was_there_is_not_taken_for_there(free: asyncio.Event) -> None:
    async with _server(free) as dependency:
        for _ in range(2):
            with pytest.raises(DependencyLost, match="took too long"):
                await dependency.check()
