"""`stack_up` and `stack_down`: the same stack for a person."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import ports
from tools.stack.runner.engine.podman import LABEL_KIND, LABEL_OWNER, LABEL_RUN, LABEL_STACK, Podman, Resource
from tools.stack.runner.manifest import Manifest, PublishedPort
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import upkeep
from tools.stack.runner.running.session import Keep, Session, Settings
from tools.stack.runner.running.standing import check_not_up, is_up, way_down

_OWNER_PATIENCE = 20.0


async def up(manifest: Manifest, runfiles: Runfiles, publish: Sequence[PublishedPort], detach: bool) -> None:
    """Brings the stack up on 127.0.0.1 and keeps it until it is cancelled; with `detach`, returns when it is up.

    Raises StackAlreadyUpError and PortTakenError before anything is started.
    """
    kind, keep = (cleanup.KIND_DETACHED, Keep.ONCE_UP) if detach else (cleanup.KIND_UP, Keep.NEVER)
    settings = Settings(kind, Path(tempfile.gettempdir()), publish=tuple(publish), keep=keep)
    session = Session(manifest, runfiles, settings)

    async def preflight() -> None:
        await check_not_up(session.podman, manifest)
        ports.check_free(publish)

    async with session.running(preflight):
        session.progress.event("the stack is up")
        session.progress.text(table(session, publish))
        if detach:
            session.progress.text(f"{way_down(manifest)} takes it down.")
            return
        session.progress.text(f"Ctrl-C takes it down, and so does {way_down(manifest)} in another terminal.")
        try:
            await upkeep.keep(session)
        finally:
            session.progress.event("taking the stack down")


async def down(stack: str, progress: Progress) -> int:
    """Takes down the stacks with that label, or all with an empty one, that stack_up brought up; how many there were.

    A stack_up that still runs is asked to do it, so that it ends well, too. What killed runs left is removed as well.
    """
    podman = Podman()
    await podman.check()
    await cleanup.sweep(podman, Path(tempfile.gettempdir()), progress.event)
    runs = {r.labels[LABEL_RUN]: r for r in await podman.resources() if is_up(r, stack)}
    for run, resource in runs.items():
        await _ask_owner(resource, progress)
        await cleanup.remove_run(podman, run)
        for directory in cleanup.workdirs([resource]):
            cleanup.remove_workdir(directory)
        progress.event(f"{resource.labels.get(LABEL_STACK, run)} is down")
    return len(runs)


def table(session: Session, publish: Sequence[PublishedPort]) -> str:
    """Addresses and health of the services, aligned."""
    rows = [("SERVICE", "HEALTH", "PORT", "ADDRESS")]
    for service in session.manifest.services:
        container = session.supervisor.containers[service.name]
        health = container.readiness.last.text if service.probe else "done" if service.task else "running"
        mine = [port for port in publish if port.service == service.name]
        for index, port in enumerate(mine or [None]):
            shown = (port.port, f"127.0.0.1:{port.host_port}") if port else ("-", "-")
            rows.append((service.name if not index else "", health if not index else "", *shown))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


async def _ask_owner(resource: Resource, progress: Progress) -> None:
    """Ends the stack_up that owns the resource, where there is one, and waits until it has cleaned up.

    One of another pid namespace, such as of a container that had podman's storage before, is left alone.
    """
    owner = ProcessIdentity.parse(resource.labels[LABEL_OWNER])
    if resource.labels[LABEL_KIND] == cleanup.KIND_DETACHED or not owner.is_alive():
        return
    if not owner.is_here():
        stack = resource.labels.get(LABEL_STACK, resource.labels[LABEL_RUN])
        progress.event(f"the stack_up of {stack} is of another pid namespace: it is not asked, its stack is removed")
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner.pid, signal.SIGTERM)
    deadline = asyncio.get_running_loop().time() + _OWNER_PATIENCE
    while owner.is_alive() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.1)
