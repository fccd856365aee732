"""Runs a stack_test's program as Bazel does, and reads from what it leaves when what happened."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.benchmarks.core.benchmark import MeasurementFailed


@dataclass(frozen=True, slots=True)
class StackRun:
    """A run that passed; times are seconds since the epoch.

    `spawned` is before its program was started and `ended` when it was over. `timeline` is its timeline.json.
    """

    outputs: Path
    spawned: float
    ended: float
    timeline: Mapping[str, Any]

    @property
    def began(self) -> float:
        """The zero of the timeline."""
        return datetime.fromisoformat(self.timeline["began"]).timestamp()

    @property
    def ready(self) -> float:
        """When the last service was ready."""
        ready = [float(times["ready"]) for name, times in self.timeline["services"].items() if name != "tests"]
        return self.began + max(ready)

    def phase(self, name: str) -> float:
        """How long a phase took, in seconds."""
        phases = [phase for phase in self.timeline["phases"] if phase["name"] == name]
        return float(sum(phase["end"] - phase["start"] for phase in phases))


async def run(program: Path, directory: Path, environment: Mapping[str, str] | None = None) -> StackRun:
    """Runs the program of a stack_test to its end. Raises MeasurementFailed with the run's own diagnosis.

    Args:
        program: what Bazel built, in its runfiles.
        directory: where it puts its outputs and temporary files; made where it isn't there.
        environment: further variables.
    """
    outputs, temporary = directory / "outputs", directory / "tmp"
    for each in (outputs, temporary):
        each.mkdir(parents=True)
    variables = {
        **os.environ,
        "TEST_TMPDIR": str(temporary),
        "TEST_UNDECLARED_OUTPUTS_DIR": str(outputs),
        "XML_OUTPUT_FILE": str(directory / "test.xml"),
        **(environment or {}),
    }
    spawned = time.time()
    process = await asyncio.create_subprocess_exec(
        program,
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        await _end(process)
    ended = time.time()
    if process.returncode:
        raise MeasurementFailed(_diagnosis(said.decode(errors="replace")) or f"{program.name}: {process.returncode}")
    return StackRun(outputs, spawned, ended, json.loads((outputs / "timeline.json").read_text()))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Has it clean up, where it still runs."""
    if process.returncode is None:
        process.terminate()
        await process.wait()


def _diagnosis(said: str) -> str:
    lines = said.strip().splitlines()
    return next((line for line in lines if line.startswith("FAILED: ")), lines[-1] if lines else "")
