"""Runs a stack_test's program as Bazel does, and reads from what it leaves when what happened."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.benchmarks.core.process import call


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


async def run(
    program: Path, directory: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> StackRun:
    """Runs the program of a stack_test to its end. Raises MeasurementFailed with the run's own diagnosis.

    Args:
        program: what Bazel built, in its runfiles.
        directory: where it puts its outputs and temporary files; made where it isn't there.
        arguments: those that BUILD gives it: `test` and the runfiles path of its manifest.
        environment: further variables.
    """
    outputs, temporary = directory / "outputs", directory / "tmp"
    for each in (outputs, temporary):
        each.mkdir(parents=True)
    variables = {
        "TEST_TMPDIR": str(temporary),
        "TEST_UNDECLARED_OUTPUTS_DIR": str(outputs),
        "XML_OUTPUT_FILE": str(directory / "test.xml"),
        **(environment or {}),
    }
    spawned = time.time()
    await call(program, *arguments, environment=variables)
    ended = time.time()
    return StackRun(outputs, spawned, ended, json.loads((outputs / "timeline.json").read_text()))
