"""The loop with this repository's own programs, in the workspace that the benchmark was started in."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import Setting
from tools.benchmarks.core.process import call
from tools.benchmarks.edit.line import edited

CASE = "test_deliberate_basic"
_PACKAGE = "//tools/benchmarks/edit"
_TEST = f"{_PACKAGE}:test"


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
        began = time.monotonic()
        await _bazel("run", _TEST, "--", "--attach", "-k", CASE)
        return {"verdict": time.monotonic() - began}


async def whole_test(_: Setting) -> Mapping[str, float]:
    """Edit, `bazel test`: a stack of its own each time."""
    with edited(workspace()):
        began = time.monotonic()
        await _bazel("test", _TEST, f"--test_filter={CASE}")
        return {"verdict": time.monotonic() - began}
