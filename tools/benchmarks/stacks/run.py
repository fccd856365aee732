"""Runs a stack_test's program as Bazel does, and reads from what it leaves when what happened."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.benchmarks.core.benchmark import Setting
from tools.benchmarks.core.process import call
from tools.stack.runner.runfiles import Runfiles


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


async def run(test: str, setting: Setting, *pytest: str, environment: Mapping[str, str] | None = None) -> StackRun:
    """Runs a stack_test to its end. Raises MeasurementFailed with the run's own diagnosis.

    Args:
        test: its path in the runfiles.
        setting: what it leaves goes with the setting's directory.
        pytest: arguments of pytest, beside those that BUILD gives it.
        environment: further variables.
    """
    directory = Path(tempfile.mkdtemp(dir=setting.directory))
    outputs, temporary = directory / "outputs", directory / "tmp"
    for each in (outputs, temporary):
        each.mkdir()
    variables = {
        "TEST_TMPDIR": str(temporary),
        "TEST_UNDECLARED_OUTPUTS_DIR": str(outputs),
        "XML_OUTPUT_FILE": str(directory / "test.xml"),
        **(environment or {}),
    }
    program = Runfiles.discover().resolve(test)
    spawned = time.time()
    await call(program, "test", f"{test}.manifest.json", *pytest, environment=variables)
    ended = time.time()
    return StackRun(outputs, spawned, ended, json.loads((outputs / "timeline.json").read_text()))
