"""Probes against servers that are well, that are not, that lie and that hang."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from tools.stack.runner.errors import ManifestError, StackError
from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes import Answer, Probe, Readiness, Target, make, until_ready
from tools.stack.runner.probes.wait import ask
from tools.stack.tests.samples import answering, target


def http(status: str = "200 OK", body: bytes = b"", head: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\n{head}\r\n".encode() + body


def probe(kind: str, **options: object) -> Probe:
    return make(ProbeSpec(kind, {"port": "main", **options}))


JSON = {"json": {"data.0.id": "model", "count": "3", "on": "true"}}


@pytest.mark.parametrize(
    ("asking", "answer", "ready"),
    [
        (probe("http"), http(), True),
        (probe("http"), http("503 Service Unavailable", b"starting"), False),
        (probe("http", status=404), http("404 Not Found"), True),
        (probe("http", regex="o+k"), http(body=b"all ook"), True),
        (probe("http", regex="o+k"), http(body=b"not yet"), False),
        (probe("http", **JSON), http(body=b'{"data": [{"id": "model"}], "count": 3, "on": true}'), True),
        (probe("http", **JSON), http(body=b'{"data": [], "count": 3, "on": true}'), False),
        (probe("http", **JSON), http(body=b"<html>200 is not everything</html>"), False),
        (probe("http", regex="ok"), http(body=b"2\r\nok\r\n0\r\n\r\n", head="Transfer-Encoding: chunked\r\n"), True),
        (probe("http"), http(body=b"short", head="Content-Length: 100\r\n"), False),
        (probe("http"), b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (probe("http"), b"", False),
        (probe("tcp"), b"", True),
        (probe("redis"), b"+PONG\r\n", True),
        (probe("redis"), b"-LOADING Redis is loading the dataset in memory\r\n", False),
        (probe("redis"), b"-NOAUTH Authentication required.\r\n", False),
        (probe("redis", password="key"), b"+OK\r\n+PONG\r\n", True),
        (probe("redis", password="key"), b"-WRONGPASS invalid username-password pair\r\n", False),
        (probe("redis", password="key"), b"+OK\r\n-LOADING Redis is loading the dataset in memory\r\n", False),
        (probe("redis"), b"HTTP/1.1 400 Bad Request\r\n", False),
        (probe("redis"), b"", False),
        (probe("jetstream"), http(body=b'{"status":"ok"}'), True),
        (probe("jetstream"), http(body=b'{"status":"unavailable"}'), False),
        (probe("jetstream"), http("503 Service Unavailable", b'{"status":"unavailable"}'), False),
        (probe("grpc"), http(), False),
        (probe("ray"), b"+PONG\r\n", False),
    ],
)
async def test_an_answer_is_judged_for_what_it_says(asking: Probe, answer: bytes, ready: bool) -> None:
    async with answering(answer) as server:
        result = await ask(asking, server, timeout=3)
    assert result.ready is ready
    assert result.text


@pytest.mark.parametrize("kind", ["http", "redis", "jetstream", "grpc", "ray"])
async def test_a_server_that_hangs_costs_one_attempt_and_is_not_ready(kind: str) -> None:
    async with answering(None) as server:
        assert not (await ask(probe(kind), server, timeout=0.2)).ready


@pytest.mark.parametrize("kind", ["http", "tcp", "redis", "jetstream", "grpc", "ray"])
async def test_nobody_there_is_not_ready(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = await ask(probe(kind), target(port), timeout=1)
    assert answer == Answer(False, "connection refused")


async def test_redis_is_told_the_secret_and_not_its_name() -> None:
    told = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.extend(await reader.readuntil(b"yek\r\n"))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        await ask(probe("redis", password="key"), target(server.sockets[0].getsockname()[1]), timeout=3)
    assert bytes(told) == b"*2\r\n$4\r\nAUTH\r\n$3\r\nyek\r\n"


async def test_exec_asks_by_a_command_in_the_container() -> None:
    async def execute(command: Sequence[str]) -> str:
        if command != ("check", "--deep"):
            raise StackError("it ended with 1")
        return ""

    here = Target("127.0.0.1", {}, execute, str)
    assert (await ask(make(ProbeSpec("exec", {"command": ["check", "--deep"]})), here, timeout=1)).ready
    assert not (await ask(make(ProbeSpec("exec", {"command": ["check"]})), here, timeout=1)).ready


async def test_it_asks_again_until_the_service_is_ready_and_remembers_the_last_answer() -> None:
    class Third:
        async def attempt(self, target: Target) -> Answer:
            return Answer(readiness.attempts == 3, f"attempt {readiness.attempts}")

    readiness = Readiness()
    await asyncio.wait_for(until_ready(Third(), target(1), readiness, interval=0.001), 5)
    assert (readiness.attempts, readiness.last.text) == (3, "attempt 3")
    assert [answer.text for _, answer in readiness.changes] == ["attempt 1", "attempt 2", "attempt 3"]


@pytest.mark.parametrize(
    "spec",
    [ProbeSpec("smoke"), ProbeSpec("http", {}), ProbeSpec("tcp", {"port": "main", "path": "/"}), ProbeSpec("exec")],
)
def test_a_wrong_declaration_is_refused(spec: ProbeSpec) -> None:
    with pytest.raises(ManifestError):
        make(spec)
