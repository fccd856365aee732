"""The connection to Redis: logging in, and what becomes of a network that is cut."""

import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from orchestrator.adapters.login import Login
from orchestrator.adapters.redis.connection import RedisDependency, connect
from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.proxy import proxied
from orchestrator.testing.servers import redis_server, running


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
