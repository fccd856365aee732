"""Removes what a run leaves on the machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterable
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
KIND_ATTACHED = "attached"

_ATTEMPTS = 5
_PAUSE = 0.2


async def remove_run(podman: Podman, run_id: str) -> None:
    """Removes all containers and networks of a run. Raises PodmanCommandError when some can't be removed.

    Tries several times, since podman can lose a race with a container that is just ending, or with another sweep.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await podman.remove(await podman.resources(f"{LABEL_RUN}={run_id}"))
        except PodmanCommandError:
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return


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


async def sweep(podman: Podman, tell: Callable[[str], None]) -> None:
    """Removes what runs left whose owner is dead, and tells of it. A detached stack is meant to be without an owner.

    What resists is told of, too, but is no failure: another run may be removing it just now.
    """
    abandoned = [resource for resource in await podman.resources() if is_abandoned(resource)]
    for run in sorted({resource.labels[LABEL_RUN] for resource in abandoned}):
        try:
            await remove_run(podman, run)
        except PodmanCommandError as error:
            tell(f"what run {run} left behind could not be removed: {error.reason}")
        else:
            remove_workdirs(resource for resource in abandoned if resource.labels[LABEL_RUN] == run)
            tell(f"removed what run {run} had left behind")


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
