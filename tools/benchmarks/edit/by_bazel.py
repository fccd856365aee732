"""The loop with this repository's own programs, in the workspace that the benchmark was started in."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import MeasurementFailed, Setting
from tools.benchmarks.core.process import call
from tools.benchmarks.edit.line import edited
from tools.benchmarks.stacks.run import StackRun

CASE = "test_deliberate_basic"
_PACKAGE = "//tools/benchmarks/edit"
_TEST = f"{_PACKAGE}:test"
_OUTPUTS = re.compile(r"^report\.html, .*: (\S+)$", re.MULTILINE)


def workspace() -> Path:
    """Where the person is who runs the benchmark."""
    return Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])


async def _bazel(*arguments: str) -> str:
    return await call(workspace() / "bazelw", *arguments, directory=workspace())


@asynccontextmanager
async def stack_up() -> AsyncIterator[None]:
    """Has the stack up. Raises MeasurementFailed where it is up already."""
    await _bazel("run", f"{_PACKAGE}:up", "--", "--detach")
    try:
        yield
    finally:
        await _bazel("run", f"{_PACKAGE}:down")


async def attach(_: Setting) -> Mapping[str, float]:
    """Edit, `bazel run … --attach`."""
    with edited(workspace()):
        began = time.time()
        said = await _bazel("run", _TEST, "--", "--attach", "-k", CASE)
        run = _run_of(said, began, time.time())
    ready = sum(run.phase(name) for name in ("prepare", "renew", "start"))
    return {
        "verdict": run.ended - began,
        "build": run.began - began,
        "ready": ready,
        "test": run.ended - run.began - ready,
    }


def _run_of(said: str, began: float, ended: float) -> StackRun:
    """The run of which a program said where its outputs are."""
    if not (found := _OUTPUTS.search(said)):
        raise MeasurementFailed(f"it did not say where its outputs are: {said}")
    outputs = workspace() / found[1]
    return StackRun(outputs, began, ended, json.loads((outputs / "timeline.json").read_text()))


async def whole_test(_: Setting) -> Mapping[str, float]:
    """Edit, `bazel test`: a stack of its own each time."""
    with edited(workspace()):
        began = time.monotonic()
        await _bazel("test", _TEST, f"--test_filter={CASE}")
        return {"verdict": time.monotonic() - began}
