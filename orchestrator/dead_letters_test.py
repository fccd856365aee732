"""The command `dead_letters`, as a person uses it, on a real nats-server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.application.ports import UnreadableMessage
from orchestrator.dead_letters import main
from orchestrator.testing.servers import nats_server, running


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    with running(nats_server(tmp_path / "store", "--user", "person", "--pass", "s3cret")) as server:
        url = f"nats://127.0.0.1:{server.port}"
        monkeypatch.setenv("NATS_URL", url)
        monkeypatch.setenv("NATS_USER", "person")
        monkeypatch.setenv("NATS_PASSWORD_FILE", str(password))
        yield url


async def _bury(url: str, *messages: bytes) -> None:
    """Has messages go to the dead letters."""
    nats = NatsConnection(url.replace("nats://", "nats://person:s3cret@"), "test")
    await nats.connect()
    await topology.ensure(nats, topology.DeliveryPolicy())
    left = asyncio.Semaphore(0)

    async def handle(subject: str, data: bytes) -> None:
        left.release()
        raise UnreadableMessage("not an event")

    consumers = Consumers(nats, DeadLetters(nats), InMemoryAttempts(), 1)
    consuming = asyncio.create_task(consumers.consume(topology.CONTEXT, topology.CONTEXT_CONSUMER, handle))
    for message in messages:
        await nats.jetstream.publish("context.decision", message)
    async with asyncio.timeout(10):
        while (await nats.jetstream.stream_info(topology.DEAD_LETTERS)).state.messages < len(messages):
            await left.acquire()
            await asyncio.sleep(0.01)
    consuming.cancel()
    await nats.close()


def test_letters_are_listed_shown_put_back_and_discarded(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_bury(url, b"first", b"\xffsecond", b"third"))

    assert main(["list"]) == 0
    output = capsys.readouterr()
    assert [line.split()[0] for line in output.out.splitlines()] == ["1", "2", "3"]
    assert "not an event" in output.out
    assert "3 dead letters" in output.err

    assert main(["show", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["data"] == "first"

    assert main(["replay", "1", "2"]) == 0
    assert main(["discard", "3"]) == 0
    capsys.readouterr()
    assert main(["list"]) == 0
    assert capsys.readouterr().out == ""


def test_a_letter_that_is_not_there_is_said_in_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_bury(url))

    assert main(["show", "7"]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert "7" in line


@pytest.mark.parametrize("arguments", [[], ["show"], ["show", "x"], ["replay"], ["dance"]])
def test_a_wrong_call_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_password_that_cannot_be_read_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NATS_USER", "person")
    monkeypatch.setenv("NATS_PASSWORD_FILE", str(tmp_path / "missing"))

    assert main(["list"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "missing" in line


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    output = capsys.readouterr().out
    assert all(word in output for word in ("list", "show", "replay", "discard", "NATS_URL", "AGENT_MAX_DELIVER"))
