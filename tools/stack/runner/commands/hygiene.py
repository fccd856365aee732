"""`hygiene_tests`: one service, alone with what it needs, from its start to its end."""

from __future__ import annotations

import signal

from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.errors import ServiceStubbornError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.removal import cleanup
from tools.stack.runner.reporting import diagnosis, logs
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.session import Session, Settings

_KILLED = 128 + signal.SIGKILL


async def run(manifest: Manifest, runfiles: Runfiles, bazel: BazelTest, name: str) -> None:
    """Starts the stack, waits until all of it is ready, and ends the service by SIGTERM.

    Raises StackError unless it is ready and ends within its times.
    """
    manifest.service(name)
    session = Session(manifest, runfiles, Settings(cleanup.KIND_TEST, bazel.temporary, bazel.outputs, snapshots=False))
    try:
        async with session.running():
            with session.timeline.phase("stop"):
                await _stop(session, name)
    finally:
        session.progress.text(f"\n{session.report.summary()}")


async def _stop(session: Session, name: str) -> None:
    container = session.supervisor.containers[name]
    if container.service.task:
        return
    container.end_is_wanted = True
    began = session.timeline.now()
    await session.podman.stop(container.id, container.service.stop_timeout)
    exit = await session.supervisor.exit_of(container)
    if exit.code == _KILLED:
        log = session.place.log_path(name)
        line = diagnosis.stubborn(name, container.service.stop_timeout, logs.last_line(log))
        raise ServiceStubbornError(name, line, logs.evidence(name, log))
    session.progress.event(f"{name} ended with {exit.code}", session.timeline.now() - began)
