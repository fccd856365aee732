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
from tools.stack.runner import manifest
from tools.stack.runner.runfiles import Runfiles

TEST = "test_deliberate_basic"
_STACK = "//e2e:fast_stack"


def workspace() -> Path:
    """Where the person is who runs the benchmark."""
    return Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])


async def _bazel(*arguments: str) -> str:
    return await call(workspace() / "bazelw", *arguments, directory=workspace())


@asynccontextmanager
async def stack_up() -> AsyncIterator[None]:
    """Has the stack up, on no port of this machine. Raises MeasurementFailed where one of its kind is up already."""
    ports = manifest.load(Runfiles.discover().resolve("_main/tools/fast_stack_up.manifest.json")).publish
    unpublished = [f"--publish={port.service}:{port.port}=0" for port in ports]
    await _bazel("run", "//tools:fast_stack_up", "--", "--detach", *unpublished)
    try:
        yield
    finally:
        await _bazel("run", "//tools:stack_down", "--", f"--stack={_STACK}")


async def attach(_: Setting) -> Mapping[str, float]:
    """Edit, `bazel run … --attach`."""
    with edited(workspace()):
        began = time.monotonic()
        await _bazel("run", "//e2e:orchestrator", "--", "--attach", "-k", TEST)
        return {"verdict": time.monotonic() - began}


async def whole_test(_: Setting) -> Mapping[str, float]:
    """Edit, `bazel test`: a stack of its own each time."""
    with edited(workspace()):
        began = time.monotonic()
        await _bazel("test", "//e2e:orchestrator", f"--test_filter={TEST}")
        return {"verdict": time.monotonic() - began}
