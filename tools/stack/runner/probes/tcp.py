"""Something accepts connections on a port."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when a connection is accepted. It says nothing on whether the service works: prefer a typed probe."""

    port: str

    async def attempt(self, target: Target) -> Answer:
        _, writer = await asyncio.open_connection(target.address, target.ports[self.port])
        writer.close()
        return Answer(True, "accepts connections")
