"""How long the stack of the end-to-end test takes until all of it is ready; images are loaded, files are in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import Benchmark, Claim, LeftOut, Measure, Metric, Setting, Variant
from tools.benchmarks.core.process import call
from tools.benchmarks.stacks.compose import Composed
from tools.benchmarks.stacks.health import DEFAULT_INTERVAL_S
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.snapshot.snapshots import SWITCH

_HERE = "_main/tools/benchmarks/stack_start"
_STACK = "//e2e:measured_stack"

# vLLM's own way to start: the image has another entry point.
_DOCUMENTED = """\
services:
  vllm:
    entrypoint: ["/usr/bin/python3.11", "-m", "vllm.entrypoints.launchers.api_server.entry"]
"""


def _program(name: str) -> Path:
    return Runfiles.discover().resolve(f"{_HERE}/{name}")


def _manifest(name: str) -> str:
    return f"{_HERE}/{name}.manifest.json"


def _composed(setting: Setting) -> Composed:
    return Composed(_STACK, setting.directory / "composed")


@asynccontextmanager
async def _prepare(setting: Setting) -> AsyncIterator[None]:
    """Exports the stack, loads its images, and has each file read once."""
    directory = setting.directory / "composed"
    setting.say("exporting the stack, and loading its images")
    await call(_program("compose"), "compose", _manifest("compose"), "--output", directory)
    (setting.directory / "documented.yaml").write_text(_DOCUMENTED)
    await _composed(setting).down()
    setting.say("bringing the stack up once: its files are in memory then, and vLLM has a snapshot")
    await _stack_up("on")
    yield


def _compose(interval: float, documented: bool = False) -> Measure:
    async def measure(setting: Setting) -> Mapping[str, float]:
        composed = _composed(setting)
        more = (setting.directory / "documented.yaml",) if documented else ()
        try:
            began = time.monotonic()
            await composed.up(interval, more=more)
            return {"ready": time.monotonic() - began}
        finally:
            await asyncio.shield(composed.down())

    return measure


async def _stack_up(snapshots: str) -> tuple[float, str]:
    """Brings the stack up once, and removes it: the seconds until it was ready, and what was said meanwhile."""
    try:
        began = time.monotonic()
        said = await call(_program("up"), "up", _manifest("up"), "--detach", environment={SWITCH: snapshots})
        return time.monotonic() - began, said
    finally:
        await asyncio.shield(call(_program("down"), "down", f"--stack={_STACK}"))


async def _from_nothing(_: Setting) -> Mapping[str, float]:
    seconds, _said = await _stack_up("off")
    return {"ready": seconds}


async def _from_snapshots(_: Setting) -> Mapping[str, float]:
    seconds, said = await _stack_up("on")
    if "restored from a snapshot" not in said:
        raise LeftOut("nothing was restored from a snapshot: that needs CRIU, and root")
    return {"ready": seconds}


BENCHMARK = Benchmark(
    name="stack_start",
    title="The stack of the end-to-end test, from nothing running to all ready",
    metrics=[Metric("ready", "until all is ready")],
    variants=[
        Variant(
            "compose, 30 s",
            "podman-compose up -d --wait with the exported file; health checks by hand, at the start of a container and every"
            " 30 s, the default of podman and of Docker",
            _compose(DEFAULT_INTERVAL_S),
        ),
        Variant("compose, 5 s", "the same, with checks every 5 s", _compose(5), detail=True),
        Variant(
            "compose, 5 s, vLLM as documented",
            "the same, and vLLM is started in the way that it documents, in three processes",
            _compose(5, documented=True),
            detail=True,
        ),
        Variant("stack_up", "stack_up --detach, where every service starts from nothing", _from_nothing),
        Variant("stack_up, snapshot", "the same, and vLLM is restored from a snapshot", _from_snapshots),
    ],
    claims=[
        Claim("ready", baseline="compose, 30 s", ours="stack_up", at_least=3),
        Claim("ready", baseline="compose, 30 s", ours="stack_up, snapshot", at_least=6),
    ],
    rounds=3,
    short_rounds=1,
    prepare=_prepare,
)
