"""The connection to Redis: logging in, and what becomes of a network that is cut."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from orchestrator.adapters.login import Login
from orchestrator.adapters.redis.connection import RedisDependency, connect
from orchestrator.adapters.redis.leases import RedisLeases
from orchestrator.adapters.redis.stores import RedisDeliberations
from orchestrator.application.ownership import Ownership
from orchestrator.application.ports import Lease
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.builders import make_deliberation
from orchestrator.testing.proxy import proxied
from orchestrator.testing.servers import redis_server, running

_CONNECTIONS = 2


async def _ask(client: Redis) -> None:
    try:
        await RedisDependency(client).check()
    finally:
        await client.aclose()


async def test_a_server_that_asks_for_a_password_is_used_with_the_right_one_only(tmp_path: Path) -> None:
    options = ("--requirepass", "s3cret", "--user", "orchestrator", "on", ">0ther", "~*", "+@all")
    with running(redis_server(tmp_path, *options)) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        await _ask(connect(url, Login("", "s3cret")))
        await _ask(connect(url, Login("orchestrator", "0ther")))
        for login in (None, Login("", "wr0ng"), Login("nobody", "s3cret")):
            with pytest.raises(DependencyLost) as raised:
                await _ask(connect(url, login))
            assert "wr0ng" not in str(raised.value)


async def test_a_cut_network_is_a_lost_dependency_and_the_client_is_usable_as_soon_as_it_is_healed(
    tmp_path: Path,
) -> None:
    with running(redis_server(tmp_path)) as server:
        async with proxied(server.port) as network:
            client = connect(f"redis://127.0.0.1:{network.port}/0")
            await client.ping()
            network.cut()
            with pytest.raises(DependencyLost):
                await RedisDependency(client).check()
            network.heal()
            began = time.monotonic()

            await RedisDependency(client).check()

            assert time.monotonic() - began < 2
            await client.aclose()


@asynccontextmanager
async def _all_busy(client: Redis) -> AsyncIterator[None]:
    """Has all of the client's connections be in use for the duration of the block."""
    pool: Any = client.connection_pool
    taken = [await pool.get_connection() for _ in range(_CONNECTIONS)]
    yield
    for connection in taken:
        await pool.release(connection)


async def test_it_says_so_if_its_connections_are_all_busy(tmp_path: Path) -> None:
    with running(redis_server(tmp_path)) as server:
        client = connect(f"redis://127.0.0.1:{server.port}/0", connections=_CONNECTIONS)
        async with _all_busy(client):
            with pytest.raises(DependencyLost, match="connections to it are in use"):
                await RedisDependency(client).check()

        await _ask(client)


async def test_what_keeps_the_instance_going_does_not_wait_for_the_connections_of_calls(tmp_path: Path) -> None:
    with running(redis_server(tmp_path)) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        calls, upkeep = connect(url, connections=_CONNECTIONS), connect(url)
        leases, store = RedisLeases(upkeep), RedisDeliberations(calls, 60, upkeep)
        ownership = Ownership(store, leases, leases, Lease("a", 60))
        await ownership.create(make_deliberation(), 10)
        async with _all_busy(calls):
            async with asyncio.timeout(1):
                await RedisDependency(upkeep).check()
                await ownership.renew()

        assert ownership.owns("task-1")
        await calls.aclose()
        await upkeep.aclose()
