"""Removes what a run leaves on the machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tools.stack.runner.engine import disk
from tools.stack.runner.engine.podman import (
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
from tools.stack.runner.removal import remnants

WORKDIR_PREFIX = "stack-"
KIND_TEST = "test"
KIND_UP = "up"
KIND_DETACHED = "detached"
KIND_ATTACHED = "attached"

_OWNER = "owner"
_ATTEMPTS = 5
_PAUSE = 0.2


async def remove_run(podman: Podman, run_id: str, *, killed: bool = False) -> None:
    """Removes all containers and networks of a run. Raises PodmanCommandError when some can't be removed.

    Where the run was `killed`, so may have been its podman commands: what podman has lost sight of goes, too. Tries
    several times, since podman can lose a race with a container that is just ending, or with another sweep.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if killed:
                await _remove_lost(podman, run_id)
            await podman.remove(await podman.resources(f"{LABEL_RUN}={run_id}"))
        except PodmanCommandError:
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return


async def _remove_lost(podman: Podman, run_id: str) -> None:
    """Removes a run's containers, and what podman would leave of its network."""
    unlabelled = await remnants.remove_containers(podman, run_id)
    labelled = await podman.resources(f"{LABEL_RUN}={run_id}")
    await podman.remove([*(each for each in labelled if each.kind == "container"), *unlabelled])
    await remnants.remove_networks(podman, run_id)


async def stop_commands(run_id: str, patience: float = 5.0, restoring: float = 30.0) -> None:
    """Ends the podman commands of a run that are still under way, so that they create nothing more.

    One that restores a container has `restoring` seconds to do it: podman forgets what it restores when it is ended
    meanwhile, and could not remove it.
    """
    clock = asyncio.get_running_loop().time
    began, asked = clock(), set[int]()
    marker = f"{RUN_ID_VARIABLE}={run_id}"
    while running := [pid for pid, name in processes_with_environment(marker) if name == "podman"]:
        for pid in running:
            limit = restoring if _restores(pid) else patience
            if clock() - began > limit or (pid not in asked and limit == patience):
                _signal(pid, signal.SIGTERM if pid not in asked else signal.SIGKILL)
                asked.add(pid)
        await asyncio.sleep(0.05)


async def sweep(
    podman: Podman, directory: Path, tell: Callable[[str], None], found: Sequence[Resource] | None = None
) -> None:
    """Removes what runs left whose owner is dead, and tells of it. A detached stack is meant to be without an owner.

    `found` is what there is, for who has just looked; `directory` is where runs of this kind have theirs: one killed early has left nothing else. What resists is told
    of, too, but is no failure: another run may be removing it just now.
    """
    found = await podman.resources() if found is None else found
    abandoned = [resource for resource in found if is_abandoned(resource)]
    directories = {path.name: {path} for path in _ownerless(directory)}
    for resource in abandoned:
        directories.setdefault(resource.labels[LABEL_RUN], set()).update(workdirs([resource]))
    for run, of_run in sorted(directories.items()):
        try:
            await stop_commands(run)
            await remove_run(podman, run, killed=True)
        except PodmanCommandError as error:
            tell(f"what run {run} left behind could not be removed: {error.reason}")
        else:
            for path in of_run:
                remove_workdir(path)
            tell(f"removed what run {run} had left behind")
    if directories:
        await remnants.remove_blank_namespaces()


def is_abandoned(resource: Resource) -> bool:
    """True when the process that should remove it has ended."""
    if resource.labels.get(LABEL_KIND) == KIND_DETACHED:
        return False
    try:
        return not ProcessIdentity.parse(resource.labels[LABEL_OWNER]).is_alive()
    except (KeyError, ValueError):
        return False  # Another version's label, which that version will understand.


def make_workdir(directory: Path) -> None:
    """Makes the directory of a run that this process owns, and those above it: Bazel's for a test's is not always there."""
    directory.mkdir(mode=0o700, parents=True)
    (directory / _OWNER).write_text(str(ProcessIdentity.current()))


def disown(directory: Path) -> None:
    """Lets the directory of a run, which stays up, survive this process."""
    (directory / _OWNER).unlink(missing_ok=True)


def _ownerless(parent: Path) -> list[Path]:
    return [path for path in parent.glob(f"{WORKDIR_PREFIX}*") if _is_ownerless(path)]


def _is_ownerless(directory: Path) -> bool:
    try:
        if directory.lstat().st_uid != os.geteuid():
            return False  # In /tmp anybody could make one with the name of a run.
        return not ProcessIdentity.parse((directory / _OWNER).read_text()).is_alive()
    except (OSError, ValueError):
        return False  # It is kept on purpose, or is being made just now.


def workdirs(resources: Iterable[Resource]) -> set[Path]:
    """The directories that runs kept their logs in."""
    return {Path(r.labels[LABEL_WORKDIR]) for r in resources if LABEL_WORKDIR in r.labels}


def remove_workdir(directory: Path) -> None:
    """Deletes a run's directory; a path that isn't one is left alone."""
    if directory.is_absolute() and directory.name.startswith(WORKDIR_PREFIX):
        disk.unmount_below(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _restores(pid: int) -> bool:
    try:
        return b"restore" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
