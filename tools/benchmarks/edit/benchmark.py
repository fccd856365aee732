"""From a line that is edited to the verdict of one test, with a stack that is up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tools.benchmarks.core.benchmark import Benchmark, Claim, Metric, Setting, Variant
from tools.benchmarks.edit import by_bazel
from tools.benchmarks.edit.by_compose import Composed

_COMPOSED = Composed()


@asynccontextmanager
async def _prepare(setting: Setting) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        setting.say("bringing up the stack twice: by podman-compose, and by stack_up")
        await stack.enter_async_context(_COMPOSED.up(setting))
        await stack.enter_async_context(by_bazel.stack_up())
        yield


BENCHMARK = Benchmark(
    name="edit",
    title="One line of the orchestrator edited, one end-to-end test run",
    metrics=[
        Metric("verdict", "from the edit to the test's verdict"),
        Metric("build", "of that: building the image"),
        Metric("ready", "of that: another container, until it is ready"),
        Metric("test", "of that: the test's container"),
    ],
    variants=[
        Variant(
            "compose",
            "podman build of a Dockerfile that copies the code onto the same layers, podman-compose, pytest in a container",
            _COMPOSED.edit,
        ),
        Variant(
            "compose, agents stay",
            "the same with AGENT_JOB_STAYS=1, by which a new orchestrator finds its agents at work, as in the two below",
            _COMPOSED.edit_beside_agents,
            detail=True,
        ),
        Variant("bazel test", "a stack of its own, with that edit", by_bazel.whole_test, detail=True),
        Variant("attach", "bazel run //e2e:orchestrator -- --attach, against the stack that is up", by_bazel.attach),
    ],
    claims=[
        Claim("verdict", ours="attach", at_most=8),
        Claim("verdict", ours="attach", baseline="compose", at_least=4),
    ],
    rounds=3,
    short_rounds=1,
    warmups=1,
    prepare=_prepare,
)
