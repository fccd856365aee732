"""The exported stack, in the hands of podman-compose."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tools.benchmarks.core.process import call
from tools.benchmarks.stack_start.health import checked, containers_started, run_healthcheck

_PROJECT = "e2e-measured-stack"
_READY_TIMEOUT = 400


class Composed:
    """A directory that stack_compose has written."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def up(self, interval: float, *more: Path) -> float:
        """Brings it up; seconds until podman-compose calls all of it healthy. Raises MeasurementFailed.

        Args:
            interval: between two health checks of a container.
            more: compose files that change what the exported one says.
        """
        async with checked(containers_started(_PROJECT), run_healthcheck, interval):
            began = time.monotonic()
            await self._compose(more, "up", "-d", "--wait", "--wait-timeout", str(_READY_TIMEOUT))
            return time.monotonic() - began

    async def down(self) -> None:
        """Removes all of it, also what an earlier process has left. Raises MeasurementFailed."""
        await self._compose((), "down", "-v", "-t", "1")

    async def _compose(self, more: tuple[Path, ...], *arguments: str) -> None:
        files = [f"--file={path}" for path in (self._directory / "compose.yaml", *more)]
        path = os.pathsep.join(filter(None, sys.path))
        await call(sys.executable, "-m", "podman_compose", *files, *arguments, environment={"PYTHONPATH": path})
