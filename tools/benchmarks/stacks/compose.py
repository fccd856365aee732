"""An exported stack, in the hands of podman-compose."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.benchmarks.core.process import call
from tools.benchmarks.stacks.health import changes_of, checked, run_healthcheck
from tools.stack.runner.compose.document import project

_READY_TIMEOUT = 400


class Composed:
    """A stack by its label, and the directory that stack_compose has written."""

    def __init__(self, label: str, directory: Path) -> None:
        self.project = project(label)
        self.directory = directory
        self.file = directory / "compose.yaml"

    async def up(self, interval: float, *arguments: str, more: tuple[Path, ...] = ()) -> None:
        """podman-compose up -d --wait: returns when all of it is healthy. Raises MeasurementFailed.

        Args:
            interval: between two health checks of a container that this starts, in seconds.
            arguments: further ones.
            more: compose files that change what the exported one says.
        """
        async with checked(changes_of(self.project), run_healthcheck, interval):
            waiting = ("-d", "--wait", "--wait-timeout", str(_READY_TIMEOUT))
            await self.call("up", *waiting, *arguments, more=more)

    async def down(self) -> None:
        """Removes all of it, also what an earlier process has left. Raises MeasurementFailed."""
        await self.call("down", "-v", "-t", "1")

    async def call(self, *arguments: str, more: tuple[Path, ...] = ()) -> str:
        """Calls podman-compose; what it said. Raises MeasurementFailed."""
        files = [f"--file={path}" for path in (self.file, *more)]
        path = os.pathsep.join(filter(None, sys.path))
        return await call(sys.executable, "-m", "podman_compose", *files, *arguments, environment={"PYTHONPATH": path})
