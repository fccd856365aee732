"""Asking for faults over the control socket: the tests' end and the runner's, with a stack that only takes notes."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from tools.stack.faults import FaultFailed, Faults, Usage
from tools.stack.runner.faults import control
from tools.stack.runner.faults.injection import FaultError, FaultInjector


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path: that of a socket has at most 107 bytes, which Bazel's directories exceed."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield Path(path)


class Notes:
    """In the place of a FaultInjector: writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __getattr__(self, action: str) -> Callable[..., Any]:
        async def note(*names: str) -> object:
            self.asked.append((action, *names))
            if "nobody" in names:
                raise FaultError("there is no service 'nobody' (web)")
            return {"in_use": 3, "anonymous": 2} if action == "usage" else None

        return note


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[tuple[Notes, Faults]]:
    notes = Notes()
    async with control.serving(directory, cast("FaultInjector", notes)):
        yield notes, Faults(str(directory / control.SOCKET))


def every_fault(faults: Faults) -> None:
    faults.kill("web")
    faults.start("web")
    faults.stop("web")
    faults.restart("web")
    faults.pause("web")
    faults.unpause("web")
    faults.kill_process("web", "ray::Actor")
    with faults.cut_off("web", "db"):
        pass
    faults.heal()
    faults.slow("web", 20)
    with faults.full_disk("web", "/data"):
        pass
    faults.fill_disk("web")


async def test_each_request_arrives_as_it_was_made(directory: Path) -> None:
    async with served(directory) as (notes, faults):
        await asyncio.to_thread(every_fault, faults)
    assert notes.asked == [
        ("kill", "web"),
        ("start", "web"),
        ("stop", "web"),
        ("restart", "web"),
        ("pause", "web"),
        ("unpause", "web"),
        ("kill_process", "web", "ray::Actor"),
        ("cut", "web", "db"),
        ("heal", "web", "db"),
        ("heal", "", ""),
        ("slow", "web", "20"),
        ("fill_disk", "web", "/data"),
        ("free_disk", "web", "/data"),
        ("fill_disk", "web", ""),
    ]


async def test_usage_comes_back_as_numbers(directory: Path) -> None:
    async with served(directory) as (_, faults):
        assert await asyncio.to_thread(faults.usage, "web") == Usage(in_use=3, anonymous=2)


async def test_what_cannot_be_done_is_raised_where_it_was_asked_for(directory: Path) -> None:
    async with served(directory) as (_, faults):
        with pytest.raises(FaultFailed, match="nobody"):
            await asyncio.to_thread(faults.kill, "nobody")


@pytest.mark.parametrize(
    "line",
    [b"kill web", b"[]", b'{"do": "kill"}', b'{"do": "rm", "with": ["/"]}', b'{"do": "kill", "with": [1]}', b"\xff"],
)
async def test_what_is_no_request_is_answered_so_and_nothing_is_done(directory: Path, line: bytes) -> None:
    async with served(directory) as (notes, _):
        reader, writer = await asyncio.open_unix_connection(directory / control.SOCKET)
        writer.write(line + b'\n{"do": "kill", "with": ["web"]}\n')
        first, second = [json.loads(await asyncio.wait_for(reader.readline(), 5)) for _ in range(2)]
        writer.close()
    assert first["failed"]
    assert second == {"done": None}
    assert notes.asked == [("kill", "web")]


async def test_a_long_path_is_no_obstacle_to_the_runner(directory: Path) -> None:
    deep = directory / ("d" * 120)
    deep.mkdir()
    async with served(deep):
        assert (deep / control.SOCKET).is_socket()


def test_without_a_socket_it_says_how_to_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_CONTROL", raising=False)
    with pytest.raises(FaultFailed, match="faults = True"):
        Faults()
