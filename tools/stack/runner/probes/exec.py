"""A command in the container succeeds."""

from __future__ import annotations

from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target


@dataclass(frozen=True, slots=True)
class ExecProbe:
    """Ready when the command ends with 0. Each attempt starts a process: prefer a probe that asks over the network."""

    command: tuple[str, ...]

    async def attempt(self, target: Target) -> Answer:
        await target.execute(self.command)
        return Answer(True, f"{self.command[0]} succeeded")
