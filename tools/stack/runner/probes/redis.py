"""Redis answers, and has its data in memory (protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target


@dataclass(frozen=True, slots=True)
class RedisProbe:
    """Ready when PING is answered by PONG. While it loads its data Redis answers -LOADING; that is not ready.

    `password` is the name of a secret to authenticate with; empty, it does not.
    """

    port: str
    password: str = ""

    async def attempt(self, target: Target) -> Answer:
        reader, writer = await asyncio.open_connection(target.address, target.ports[self.port])
        try:
            if self.password:
                refused = await _ask(reader, writer, "AUTH", target.secret(self.password))
                if refused != "+OK":
                    return _not_ready(refused)
            line = await _ask(reader, writer, "PING")
        finally:
            writer.close()
        return Answer(True, "PONG") if line == "+PONG" else _not_ready(line)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    """The one line that a command is answered with."""
    writer.write(f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words))
    await writer.drain()
    return (await reader.readline()).decode(errors="replace").strip()


def _not_ready(line: str) -> Answer:
    return Answer(False, line.lstrip("+-") or "it closed the connection")
