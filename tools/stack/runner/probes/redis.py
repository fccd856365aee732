"""Redis answers, and has its data in memory (protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target

_PING = b"*1\r\n$4\r\nPING\r\n"


@dataclass(frozen=True, slots=True)
class RedisProbe:
    """Ready when PING is answered by PONG. While it loads its data Redis answers -LOADING; that is not ready."""

    port: str

    async def attempt(self, target: Target) -> Answer:
        reader, writer = await asyncio.open_connection(target.address, target.ports[self.port])
        try:
            writer.write(_PING)
            await writer.drain()
            line = (await reader.readline()).decode(errors="replace").strip()
        finally:
            writer.close()
        return Answer(line == "+PONG", line.lstrip("+-") or "it closed the connection")
