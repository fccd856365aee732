"""Bazel, in the workspace that the benchmark was started from."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.benchmarks.core.benchmark import MeasurementFailed
from tools.benchmarks.core.process import call

_ELAPSED = re.compile(r"INFO: Elapsed time: ([0-9.]+)s")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. In seconds: `wall` from the start of bazelw to its end, `elapsed` as Bazel itself says. `text` is what it
    said.
    """

    wall: float
    elapsed: float
    text: str


def workspace() -> Path:
    """Raises MeasurementFailed where there is none: outside of `bazel run`."""
    try:
        return Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    except KeyError:
        raise MeasurementFailed("there is no workspace to call Bazel in: start this by bazel run") from None


async def bazel(arguments: Sequence[str]) -> Call:
    """Calls ./bazelw. Raises MeasurementFailed with what the build or the test died of."""
    began = time.monotonic()
    text = await call("./bazelw", *arguments, directory=workspace())
    return Call(time.monotonic() - began, elapsed(text), text)


def elapsed(text: str) -> float:
    """The time that Bazel says it took, in seconds. Raises MeasurementFailed where it says nothing of it."""
    found = _ELAPSED.search(text)
    if not found:
        raise MeasurementFailed("Bazel did not say how long it took")
    return float(found[1])
