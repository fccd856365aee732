"""vLLM's start, from the moment its container is made until it answers its probe."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from tools.benchmarks.core.benchmark import Benchmark, Claim, LeftOut, MeasurementFailed, Metric, Setting, Variant
from tools.benchmarks.stacks.run import StackRun, run
from tools.stack.runner.snapshot.snapshots import PLACE, SWITCH

_PACKAGE = "_main/tools/benchmarks/vllm_start"
_ANSWER = "outputs/tests/answer.json"


async def _run(setting: Setting, name: str, environment: Mapping[str, str]) -> StackRun:
    """A run of one of the tests; what vLLM answered must be what it always answers."""
    done = await run(f"{_PACKAGE}/{name}", setting, environment=environment)
    answer, expected = (done.outputs / _ANSWER).read_text(), setting.directory / "answer.json"
    if not expected.exists():
        expected.write_text(answer)
    if json.loads(expected.read_text()) != json.loads(answer):
        raise MeasurementFailed(f"{name}: at temperature 0 vLLM answered otherwise: {answer}")
    return done


def _figures(done: StackRun) -> Mapping[str, float]:
    vllm = done.timeline["services"]["vllm"]
    return {"ready": vllm["ready"] - vllm["image_ready"]}


def _snapshots(setting: Setting) -> Mapping[str, str]:
    return {PLACE: str(setting.directory / "snapshots")}


async def _from_nothing(setting: Setting, *, name: str) -> Mapping[str, float]:
    return _figures(await _run(setting, name, {SWITCH: "off"}))


async def _from_snapshot(setting: Setting) -> Mapping[str, float]:
    done = await _run(setting, "ours", _snapshots(setting))
    if not done.timeline["services"]["vllm"]["from_snapshot"]:
        raise LeftOut("there are no snapshots here: CRIU and root are needed")
    return _figures(done)


@asynccontextmanager
async def _with_a_snapshot(setting: Setting) -> AsyncIterator[None]:
    """Makes the snapshot, as the first run of all would."""
    setting.say("the snapshot is being made")
    await _run(setting, "ours", _snapshots(setting))
    yield


def _without(part: str, what: str) -> Variant:
    name = f"without_{part}"
    return Variant(name.replace("_", " "), what, partial(_from_nothing, name=name), 300, detail=True)


BENCHMARK = Benchmark(
    name="vllm_start",
    title="vLLM's start",
    metrics=[Metric("ready", "from the container being made to the probe being answered")],
    variants=[
        Variant(
            "as documented",
            "vLLM's own command in three processes, in the same image with its bytecode",
            partial(_from_nothing, name="documented"),
            300,
        ),
        Variant("ours", "without a snapshot, as in a first run", partial(_from_nothing, name="ours"), 300),
        Variant("from a snapshot", "as in each later run", _from_snapshot, 300),
        _without("fork", "ours, and the engine's process is spawned"),
        _without("model_infos", "ours, and vLLM asks a process of its own what the model's class can do"),
        _without("collector", "ours, and Python's garbage collector runs during imports"),
        _without("bytecode", "ours, and Python compiles all that it imports"),
    ],
    claims=[
        Claim("ready", baseline="as documented", ours="ours", at_least=2),
        Claim("ready", baseline="as documented", ours="from a snapshot", at_least=5),
    ],
    rounds=5,
    short_rounds=1,
    prepare=_with_a_snapshot,
)
