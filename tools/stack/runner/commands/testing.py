"""`stack_test`: runs the tests' container against a stack that is ready."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tools.stack.runner.commands import sharding
from tools.stack.runner.commands.bazel_test import BazelTest, Shard
from tools.stack.runner.engine.container import Extra
from tools.stack.runner.errors import (
    DeadlineError,
    Exit,
    ManifestError,
    NoTestsError,
    ServiceExitedError,
    StackError,
    TestsFailedError,
)
from tools.stack.runner.faults import control
from tools.stack.runner.faults.injection import FaultInjector
from tools.stack.runner.manifest import Manifest, Service
from tools.stack.runner.removal import cleanup
from tools.stack.runner.reporting import diagnosis, junit, logs
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.lifecycle import Container
from tools.stack.runner.running.session import Session, Settings, nothing_more

_RESULTS = "/stack/results"
_CONTROL = "/stack/control"
_CONTROL_VARIABLE = "STACK_CONTROL"
_PYTEST_TESTS_FAILED = 1
_PYTEST_INTERRUPTED = 2
_PYTEST_NO_TESTS = 5
_FOLLOW_INTERVAL = 0.1
_TIME_TO_CLEAN_UP = 15.0
_TIME_TO_STOP = 3.0


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
    try:
        async with session.running(preflight):
            session.progress.event("the stack is ready")
            with session.timeline.phase("tests"):
                try:
                    await _run_tests(session, session.manifest.tests, bazel, arguments)
                except (TestsFailedError, DeadlineError) as error:
                    lost = await _no_longer_ready(session)
                    raise type(error)(diagnosis.suspecting(str(error), lost), error.evidence) from None
    finally:
        session.progress.text(f"\n{session.report.summary()}")
        if bazel.shown_outputs:
            session.progress.text(f"\nreport.html, and logs and states of all containers: {bazel.shown_outputs}\n")


async def _run_tests(session: Session, tests: Service, bazel: BazelTest, arguments: Sequence[str]) -> None:
    results = session.workdir / "results"
    results.mkdir()
    results.chmod(0o777)  # The container's user is another one, and unknown here.
    control_directory = session.workdir / "control"
    share = sharding.share_of(bazel.shard, _RESULTS, {**session.layouts[tests.image].environment, **tests.env})
    socket = {_CONTROL_VARIABLE: f"{_CONTROL}/{control.SOCKET}"} if session.manifest.faults else {}
    extra = Extra(
        args=(f"--junitxml={_RESULTS}/junit.xml", *share.args, *bazel.filter_arguments(), *arguments),
        env={**share.env, **socket},
        writable={results: _RESULTS} | ({control_directory: _CONTROL} if session.manifest.faults else {}),
        readable=share.readable,
    )
    deadline = session.timeline.began + bazel.timeout - _TIME_TO_CLEAN_UP if bazel.timeout else None
    log, xml = session.place.log_path(tests.name), results / "junit.xml"
    container: Container | None = None
    try:
        async with asyncio.timeout_at(deadline), _faults(session, control_directory):
            container = await session.supervisor.run(tests, extra)
            exit = await _follow(session, container)
            container.ended.set()
    except TimeoutError:
        line = diagnosis.not_ended(bazel.timeout, logs.last_line(log))
        if container:
            await _interrupt(session, container)
        raise DeadlineError(line, logs.evidence(tests.name, log)) from None
    finally:
        session.report.cases = junit.read_leniently(xml)
        if bazel.xml and xml.is_file():
            shutil.copyfile(xml, bazel.xml)
    judge(exit, xml, logs.last_line(log), bazel.shard)
    sharding.check(bazel.shard, results)


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


async def _interrupt(session: Session, container: Container) -> None:
    """Has pytest stop as by Ctrl-C: it says where it was, and writes the XML of the cases that ran."""
    with contextlib.suppress(TimeoutError, StackError):
        async with asyncio.timeout(_TIME_TO_STOP):
            await session.podman.kill(container.id, "INT")
            await session.supervisor.exit_of(container)


@asynccontextmanager
async def _faults(session: Session, directory: Path) -> AsyncIterator[None]:
    """Lets the tests hurt services during the block, where they were declared so."""
    if not session.manifest.faults:
        yield
        return
    injector = FaultInjector(session.supervisor, session.podman, session.place, session.timeline)
    try:
        async with control.serving(directory, injector):
            yield
    finally:
        if session.outlasts_tests:
            await injector.undo()
        injector.close()


def judge(exit: Exit, xml: Path, last_line: str, shard: Shard | None = None) -> list[junit.Case]:
    """The cases that ran, all of which passed. Raises StackError for any other end of the tests' container.

    A shard may have no case, or skip all that it has: others have some. pytest, which knows of them, ends with 5
    where there are none at all. Neither the exit code nor the XML is believed alone: a crash can leave a good XML of an earlier moment, and a
    wrapper can swallow the code.
    """
    if exit.code == _PYTEST_NO_TESTS and not exit.oom_killed:
        raise NoTestsError("no test ran: pytest found none that was asked for")
    crash = ServiceExitedError("tests", exit, diagnosis.exited("tests", exit, None, last_line))
    if exit.oom_killed or exit.code not in (0, _PYTEST_TESTS_FAILED, _PYTEST_INTERRUPTED):
        raise crash
    found = junit.read_leniently(xml)
    if any(case.failed for case in found):
        raise TestsFailedError(diagnosis.failed(found))
    if exit.code == _PYTEST_INTERRUPTED:  # It has this code also when a module could not be imported.
        raise crash
    cases = junit.read(xml, at_least_one=shard is None)
    if exit.code:
        raise TestsFailedError(f"pytest ended with {exit.code} although no case of its XML failed; log: {last_line}")
    return cases


async def _follow(session: Session, container: Container) -> Exit:
    """Copies the container's output to standard output until it ends; how it did."""
    follower = logs.Follower(session.place.log_path(container.service.name))
    ending = asyncio.create_task(session.supervisor.exit_of(container))
    try:
        while not ending.done():
            await asyncio.wait((ending,), timeout=_FOLLOW_INTERVAL)
            sys.stdout.write(follower.read())
            sys.stdout.flush()
        return ending.result()
    finally:
        ending.cancel()
