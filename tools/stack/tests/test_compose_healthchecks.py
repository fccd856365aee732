"""Health checks, run as they run in a container, against servers that are well and that are not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health, health_pb2_grpc

from tools.stack.runner.compose import healthchecks
from tools.stack.runner.manifest import ProbeSpec, Service
from tools.stack.tests.samples import service

OK = b"HTTP/1.1 200 OK\r\n\r\n"
DOWN = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
BODY = b'HTTP/1.1 200 OK\r\n\r\n{"data": [{"id": "tiny"}]}'


def checked(port: int, kind: str, **options: Any) -> Service:
    # A container knows itself by the service's name; this machine, by "localhost".
    return service("localhost", ports={"main": port}, probe=ProbeSpec(kind, {"port": "main", **options}))


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server, by its port, that reads a whole question and gives this answer."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        while b"HTTP" in line and not line.endswith(b"\n\r\n"):
            line += await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def run(asked: Service, program: Path) -> tuple[int, str]:
    check = healthchecks.of(asked, asked)
    assert check
    command = [str(program) if word == healthchecks.PROGRAM else word for word in check.command]
    if check.needs_program:
        assert command[0] == "python3"
        command[0] = sys.executable
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode or 0, output.decode()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "healthcheck.pyz"
    file.write_bytes(healthchecks.program())
    return file


@pytest.mark.parametrize(
    ("kind", "options", "answer", "healthy"),
    [
        ("http", {"path": "/health?a=%20&b='"}, OK, True),
        ("http", {}, DOWN, False),
        ("http", {"status": 503}, DOWN, True),
        ("http", {"json": {"data.0.id": "tiny"}}, BODY, True),
        ("http", {"json": {"data.0.id": "large"}}, BODY, False),
        ("http", {"regex": r"t\wny"}, BODY, True),
        ("jetstream", {}, OK, True),
        ("jetstream", {}, DOWN, False),
        ("redis", {}, b"+PONG\r\n", True),
        ("redis", {}, b"-LOADING Redis is loading the dataset in memory\r\n", False),
        ("redis", {}, b"", False),
        ("tcp", {}, b"", True),
    ],
)
async def test_it_is_healthy_when_the_probe_would_say_ready(
    program: Path, kind: str, options: dict[str, Any], answer: bytes, healthy: bool
) -> None:
    async with answering(answer) as port:
        code, output = await run(checked(port, kind, **options), program)
    assert (code == 0) == healthy, output


@pytest.mark.parametrize("kind", ["http", "jetstream", "redis", "tcp", "grpc", "ray"])
async def test_it_is_not_healthy_where_nothing_listens(program: Path, kind: str) -> None:
    async with answering(OK) as port:
        pass
    assert (await run(checked(port, kind), program))[0] != 0


async def test_it_logs_in_by_the_secret_that_the_container_has(tmp_path: Path, program: Path) -> None:
    received: list[bytes] = []

    async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"+OK\r\n", b"+PONG\r\n"):
            received.append(await reader.readline())
            writer.write(answer)
        await writer.drain()
        writer.close()

    secret = tmp_path / "it's a key"
    secret.write_text("abc")
    async with await asyncio.start_server(redis, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        probe = ProbeSpec("redis", {"port": "main", "password": "key"})
        asked = service("localhost", ports={"main": port}, probe=probe, secrets={"key": str(secret)})
        assert (await run(asked, program))[0] == 0
    assert received == [b"AUTH abc\r\n", b"PING\r\n"]


async def test_it_asks_grpc_servers_as_well(program: Path) -> None:
    servicer, server = health.aio.HealthServicer(), grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        assert await run(checked(port, "grpc"), program) == (0, "SERVING\n")
        assert (await run(checked(port, "grpc", service="other"), program))[0] == 1
    finally:
        await server.stop(None)


def test_an_exec_probe_is_its_own_check() -> None:
    asked = service("a", probe=ProbeSpec("exec", {"command": ["/bin/check", "--all"]}))
    check = healthchecks.of(asked, asked)
    assert check
    assert list(check.command) == ["/bin/check", "--all"]


def test_the_program_is_the_same_each_time() -> None:
    assert healthchecks.program() == healthchecks.program()


def test_a_service_without_a_probe_has_no_check() -> None:
    assert healthchecks.of(service("a"), service("a")) is None


def test_it_says_what_the_probe_says(program: Path) -> None:
    question = '{"host": "127.0.0.1", "ports": {"main": 1}, "kind": "http", "options": {"port": "main"}}'
    ended: Sequence[str] = [sys.executable, str(program), question]
    done = subprocess.run(ended, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "connection refused\n")
