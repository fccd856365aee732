"""What the harness costs: six services that are ready at once, and a test that has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

from tools.benchmarks.core.benchmark import Benchmark, Claim, Metric, Setting, Variant
from tools.benchmarks.stacks.run import run

_TEST = "_main/tools/benchmarks/harness/nothing"


async def _measure(setting: Setting) -> Mapping[str, float]:
    done = await run(_TEST, setting)
    tested = float((done.outputs / "outputs/tests/ran").read_text())
    return {
        "start_to_ready": done.ready - done.spawned,
        "ready_to_test": tested - done.ready,
        "test_to_removed": done.ended - tested,
    }


BENCHMARK = Benchmark(
    name="harness",
    title="What the harness itself costs",
    metrics=[
        Metric("start_to_ready", "from the start of the test to six services ready"),
        Metric("ready_to_test", "from the last service ready to the first test running"),
        Metric("test_to_removed", "from the last test to everything removed"),
    ],
    variants=[
        Variant("stack_test", "six Redis servers, and one empty test of pytest, without Bazel around it", _measure, 120)
    ],
    claims=[
        Claim("start_to_ready", ours="stack_test", at_most=4),
        Claim("ready_to_test", ours="stack_test", at_most=2),
        Claim("test_to_removed", ours="stack_test", at_most=2),
    ],
    rounds=10,
    short_rounds=3,
    warmups=1,
)
