"""`stack_test`: runs the tests' container against a stack that is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.commands.tests_container import TestsContainer
from tools.stack.runner.errors import DeadlineError, ManifestError, TestsFailedError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.removal import cleanup
from tools.stack.runner.reporting import diagnosis
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.session import Session, Settings, nothing_more


async def run(manifest: Manifest, runfiles: Runfiles, bazel: BazelTest, arguments: Sequence[str] = ()) -> None:
    """Runs the stack and its tests. `arguments` go to pytest. Raises StackError unless tests ran and all passed."""
    await run_in(
        Session(manifest, runfiles, Settings(cleanup.KIND_TEST, bazel.temporary, bazel.outputs)), bazel, arguments
    )


async def run_in(
    session: Session,
    bazel: BazelTest,
    arguments: Sequence[str],
    preflight: Callable[[], Awaitable[None]] = nothing_more,
) -> None:
    """Runs the tests of a session's manifest in it, and says what came of it. Raises StackError as `run` does."""
    if session.manifest.tests is None:
        raise ManifestError(f"{session.manifest.label} declares no tests")
    if bazel.shard and bazel.shard.status:
        bazel.shard.status.touch()  # That the tests keep to it, too, is checked when they have ended.
    tests = TestsContainer(session, session.manifest.tests, bazel, arguments)
    try:
        async with session.running(preflight, tests.start if tests.early else nothing_more):
            session.progress.event("the stack is ready")
            with session.timeline.phase("tests"):
                try:
                    await tests.run()
                except (TestsFailedError, DeadlineError) as error:
                    lost = await _no_longer_ready(session)
                    raise type(error)(diagnosis.suspecting(str(error), lost), error.evidence) from None
    finally:
        tests.close()
        session.progress.text(f"\n{session.report.summary()}")
        if bazel.shown_outputs:
            session.progress.text(f"\nreport.html, and logs and states of all containers: {bazel.shown_outputs}\n")


async def _no_longer_ready(session: Session) -> dict[str, str]:
    """The services whose probes have said that they were ready and no longer do, with what they say now."""
    containers = session.supervisor.containers
    running = [containers[name] for name in session.supervisor.services if not containers[name].ended.is_set()]
    await asyncio.gather(*(session.supervisor.ask_once(container) for container in running))
    return {
        container.service.name: container.readiness.last.text
        for container in running
        if container.service.probe and not container.readiness.last.ready
    }
