"""The socket on which tests ask for faults: one JSON document a line, and one line in answer to each.

    {"do": "cut", "with": ["nats", "orchestrator"]}    ->  {"done": null}
    {"do": "usage", "with": ["redis"]}                 ->  {"done": {"in_use": 9195520, "anonymous": 3100672}}
    {"do": "kill", "with": ["rdis"]}                   ->  {"failed": "there is no service 'rdis' (nats, redis)"}

It is a Unix socket in a directory that only the tests' container has: no network leads to it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tools.stack.runner.errors import StackError
from tools.stack.runner.faults.injection import FaultInjector

SOCKET = "socket"

_Action = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def serving(directory: Path, injector: FaultInjector) -> AsyncIterator[None]:
    """Serves on the socket SOCKET in `directory` for the duration of the block."""
    actions: dict[str, _Action] = {
        "cut": injector.cut,
        "fill_disk": injector.fill_disk,
        "free_disk": injector.free_disk,
        "heal": injector.heal,
        "kill": injector.kill,
        "kill_process": injector.kill_process,
        "pause": injector.pause,
        "restart": injector.restart,
        "slow": injector.slow,
        "start": injector.start,
        "stop": injector.stop,
        "unpause": injector.unpause,
        "usage": injector.usage,
    }
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_converse(actions, reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    # The path of a socket has at most 107 bytes, which Bazel's directories exceed.
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        server = await asyncio.start_unix_server(accept, f"/proc/self/fd/{descriptor}/{SOCKET}")
    finally:
        os.close(descriptor)
    (directory / SOCKET).chmod(0o666)  # The tests' user is another one, and unknown here.
    try:
        yield
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _converse(actions: Mapping[str, _Action], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(json.dumps(await answer(actions, line)).encode() + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        pass  # It hung up, or sent a line without end.
    finally:
        writer.close()


async def answer(actions: Mapping[str, _Action], line: bytes) -> dict[str, Any]:
    """Does what a line asks for; what to answer."""
    try:
        request = json.loads(line)
        action, arguments = actions[request["do"]], request["with"]
        if not all(isinstance(word, str) for word in arguments):
            raise TypeError("names are text")
        doing = action(*arguments)
    except (KeyError, TypeError, ValueError) as error:
        known = ", ".join(actions)
        return {"failed": f"that is no request ({type(error).__name__} {error}); what can be done: {known}"}
    try:
        return {"done": await doing}
    except StackError as error:
        return {"failed": str(error)}
