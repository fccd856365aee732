"""`bazel test //e2e:ray_vllm` as a whole: with everything built and loaded, run again, and answered from the cache."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tools.benchmarks.core.benchmark import (
    Benchmark,
    Better,
    Claim,
    Measure,
    MeasurementFailed,
    Metric,
    Setting,
    Variant,
)
from tools.benchmarks.whole.bazel import bazel, workspace

_TARGET = "//e2e:ray_vllm"
_ONE_TEST = "test_vllm_serves_the_model"
_TIMELINE = "bazel-testlogs/e2e/ray_vllm/test.outputs/timeline.json"


@asynccontextmanager
async def _prepare(setting: Setting) -> AsyncIterator[None]:
    """Builds and loads what is missing, has the files in memory, and vLLM a snapshot."""
    setting.say(f"bazel run {_TARGET}, one test of it")
    await bazel(["run", _TARGET, "--", "-k", _ONE_TEST])
    yield


def _again(*options: str) -> Measure:
    async def measure(_: Setting) -> Mapping[str, float]:
        called = await bazel(["test", _TARGET, "--nocache_test_results", *options])
        phases = json.loads((workspace() / _TIMELINE).read_text())["phases"]
        tests = sum(phase["end"] - phase["start"] for phase in phases if phase["name"] == "tests")
        return {"wall": called.wall, "tests": tests, "share": tests / called.wall * 100}

    return measure


async def _cached(_: Setting) -> Mapping[str, float]:
    called = await bazel(["test", _TARGET])
    if "(cached) PASSED" not in called.text:
        raise MeasurementFailed(f"{_TARGET} was not answered from the cache")
    return {"wall": called.wall, "elapsed": called.elapsed}


BENCHMARK = Benchmark(
    name="whole",
    title=f"bazel test {_TARGET}, warm",
    metrics=[
        Metric("wall", "the whole command"),
        Metric("tests", "of that, the tests"),
        Metric("share", "share of the tests", "%", Better.HIGHER),
        Metric("elapsed", "Bazel's own count"),
    ],
    variants=[
        Variant("run again", "--nocache_test_results: the stack is started, tested and removed", _again()),
        Variant("cached", "nothing has changed: Bazel answers from its cache", _cached, 60),
    ],
    claims=[
        Claim("wall", ours="run again", at_most=60),
        Claim("share", ours="run again", at_least=60),
        Claim("wall", ours="cached", at_most=1),
    ],
    rounds=3,
    short_rounds=1,
    prepare=_prepare,
)
