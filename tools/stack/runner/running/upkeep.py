"""What stack_up does while its stack is up: it notices which services end or are replaced, and shows how all are."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tools.stack.runner.engine import locking
from tools.stack.runner.engine.podman import PodmanCommandError
from tools.stack.runner.reporting import diagnosis, logs
from tools.stack.runner.running import standing
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.overview import rows
from tools.stack.runner.running.session import Session
from tools.stack.runner.running.watch import ended

_INTERVAL = 1.0
_ASK_EVERY = 3.0
# These cost next to nothing; exec starts a process in the container each time, and a log says nothing twice.
_CHEAP_PROBES = ("grpc", "http", "jetstream", "ray", "redis", "tcp")


async def keep(session: Session) -> None:
    """Runs until it is cancelled. A service that ends is reported and no failure: a person may want to see the rest.

    One that is ended by whoever owns the run's lock is being replaced: not before the lock is given up it is looked at
    what has become of it.
    """
    session.supervisor.dismiss()
    async with asyncio.TaskGroup() as group:
        for container in list(session.supervisor.containers.values()):
            if not container.service.task:
                group.create_task(_follow(session, container))
        if session.progress.is_live:
            group.create_task(_ask(session))
        while True:
            session.progress.status({}, rows(session.supervisor, session.timeline, session.memory))
            await asyncio.sleep(_INTERVAL)


async def _follow(session: Session, container: Container) -> None:
    name = container.service.name
    while True:
        await ended(container.pid)
        container.ended.set()
        with locking.opened(standing.lock_path(session.workdir)) as lock:
            container.end_is_wanted = not lock.try_to_own()
            await lock.share()
        if not _has_successor(session, container):
            session.progress.event(await _words_for_the_end(session, container))
            while not _has_successor(session, container):
                await asyncio.sleep(_INTERVAL)
        there = (await standing.containers(session.podman, session.run_id)).get(name)
        if not there or not there.pid:
            continue  # It is gone again already.
        container = await session.supervisor.adopt(container.service, there, watched=False)
        container.ready = True  # For whoever replaced it, it was.
        session.progress.event(f"{name} was replaced")


def _has_successor(session: Session, container: Container) -> bool:
    """Whether another container has taken its place, and runs."""
    try:
        pid = int(session.place.pid_path(container.service.name).read_text())
    except (OSError, ValueError):
        return False
    return pid != container.pid and Path(f"/proc/{pid}").exists()


async def _words_for_the_end(session: Session, container: Container) -> str:
    name = container.service.name
    try:
        exit = await session.supervisor.exit_of(container)
    except PodmanCommandError:
        return f"{name} was removed"
    return diagnosis.exited(name, exit, None, logs.last_line(session.place.log_path(name)))


async def _ask(session: Session) -> None:
    """Asks all services again and again whether they are still ready; what they say is in `rows`."""
    while True:
        for container in list(session.supervisor.containers.values()):
            probe = container.service.probe
            if probe and probe.kind in _CHEAP_PROBES and not container.ended.is_set():
                await session.supervisor.ask_once(container)
        await asyncio.sleep(_ASK_EVERY)
