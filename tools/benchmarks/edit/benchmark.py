"""From a line that is edited to the verdict of one test, with a stack that is up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from tools.benchmarks.core.benchmark import Benchmark, Claim, Metric, Setting, Variant
from tools.benchmarks.edit import by_bazel
from tools.benchmarks.edit.by_compose import Loop
from tools.benchmarks.stacks.health import DEFAULT_INTERVAL_S

_COMPOSED = Loop()


@asynccontextmanager
async def _prepare(setting: Setting) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        setting.say("bringing up the stack twice: by podman-compose, and by stack_up")
        await stack.enter_async_context(_COMPOSED.up(setting))
        await stack.enter_async_context(by_bazel.stack_up())
        # The first time Bazel has to look at all that this is made of.
        await by_bazel.attach(setting)
        yield


BENCHMARK = Benchmark(
    name="edit",
    title="One line of the orchestrator edited, one end-to-end test run",
    metrics=[
        Metric("verdict", "from the edit to the test's verdict"),
        Metric("build", "of that: until the image is built"),
        Metric("ready", "of that: another container of it, until it is ready"),
        Metric("test", "of that: the test, until its container is gone"),
    ],
    variants=[
        Variant(
            "compose, 30 s",
            "podman build of a Dockerfile that copies the code onto the same layers; podman-compose up -d --wait --no-deps"
            " --force-recreate orchestrator, which replaces no more than has to be; health checks by hand, at the start and"
            " every 30 s, the default of podman and of Docker; pytest in a container",
            partial(_COMPOSED.edit, DEFAULT_INTERVAL_S),
        ),
        # Whoever has chosen to check every second pays for no waiting, and what is left is work. Nothing is claimed of it.
        Variant("compose, 1 s", "the same, with checks every second", partial(_COMPOSED.edit, 1.0), detail=True),
        Variant(
            "compose, 1 s, agents stay",
            "the same with AGENT_JOB_STAYS=1, by which a new orchestrator finds its agents at work, as in the two below",
            partial(_COMPOSED.edit, 1.0, agents_stay=True),
            detail=True,
        ),
        Variant("bazel test", "a stack of its own, with that edit", by_bazel.whole_test, detail=True),
        Variant("attach", "bazel run of the test with --attach, against the stack that is up", by_bazel.attach),
    ],
    claims=[
        Claim("verdict", ours="attach", at_most=8),
        Claim("verdict", ours="attach", baseline="compose, 30 s", at_least=4),
    ],
    rounds=3,
    short_rounds=1,
    prepare=_prepare,
)
