"""Removes what a run leaves on the machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

from tools.stack.runner.podman import (
    LABEL_KIND,
    LABEL_OWNER,
    LABEL_RUN,
    LABEL_WORKDIR,
    RUN_ID_VARIABLE,
    Podman,
    PodmanCommandError,
    Resource,
)
from tools.stack.runner.process import ProcessIdentity, processes_with_environment

WORKDIR_PREFIX = "stack-"
KIND_TEST = "test"
KIND_UP = "up"
KIND_DETACHED = "detached"

_ATTEMPTS = 5


async def remove_run(podman: Podman, run_id: str) -> int:
    """Removes all containers and networks of a run; how many there were.

    Tries again while something is left, since podman can lose a race with a container that is just ending.
    """
    removed: set[str] = set()
    for attempt in range(_ATTEMPTS):
        resources = await podman.resources(f"{LABEL_RUN}={run_id}")
        if not resources:
            break
        removed |= {resource.id for resource in resources}
        try:
            await podman.remove(resources)
        except PodmanCommandError:
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.2)
        else:
            break
    return len(removed)


async def stop_commands(run_id: str, patience: float = 5.0) -> None:
    """Ends the podman commands of a run that are still under way, so that they create nothing more."""
    clock = asyncio.get_running_loop().time
    deadline, asked = clock() + patience, set[int]()
    marker = f"{RUN_ID_VARIABLE}={run_id}"
    while running := [pid for pid, name in processes_with_environment(marker) if name == "podman"]:
        for pid in running:
            if clock() > deadline or pid not in asked:
                _signal(pid, signal.SIGTERM if pid not in asked else signal.SIGKILL)
                asked.add(pid)
        await asyncio.sleep(0.05)


async def sweep(podman: Podman) -> list[str]:
    """Removes what runs left whose owner is dead; their ids. A detached stack is meant to be without an owner."""
    resources = await podman.resources()
    dead = {resource.labels[LABEL_RUN] for resource in resources if is_abandoned(resource)}
    if dead:
        await podman.remove([resource for resource in resources if resource.labels.get(LABEL_RUN) in dead])
        remove_workdirs(resource for resource in resources if resource.labels.get(LABEL_RUN) in dead)
    return sorted(dead)


def is_abandoned(resource: Resource) -> bool:
    """True when the process that should remove it has ended."""
    if resource.labels.get(LABEL_KIND) == KIND_DETACHED:
        return False
    try:
        return not ProcessIdentity.parse(resource.labels[LABEL_OWNER]).is_alive()
    except (KeyError, ValueError):
        return False  # Another version's label, which that version will understand.


def remove_workdirs(resources: Iterable[Resource]) -> None:
    """Deletes the directories that runs kept their logs in."""
    for directory in {Path(r.labels[LABEL_WORKDIR]) for r in resources if LABEL_WORKDIR in r.labels}:
        remove_workdir(directory)


def remove_workdir(directory: Path) -> None:
    """Deletes a run's directory; a path that isn't one is left alone."""
    if directory.is_absolute() and directory.name.startswith(WORKDIR_PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
