"""What counts as left behind, and what is never touched."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.stack.runner.engine.podman import (
    LABEL_KIND,
    LABEL_OWNER,
    LABEL_RUN,
    LABEL_WORKDIR,
    Podman,
    PodmanCommandError,
    Resource,
)
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.removal import cleanup

ME = ProcessIdentity.current()
DEAD = ProcessIdentity(ME.pid, ME.start - 1, ME.namespace)


def container(run: str, owner: object = DEAD, kind: str = cleanup.KIND_TEST, workdir: str = "") -> Resource:
    labels = {LABEL_RUN: run, LABEL_OWNER: str(owner), LABEL_KIND: kind}
    return Resource("container", run, run, labels | ({LABEL_WORKDIR: workdir} if workdir else {}))


class Containers(Podman):
    """podman with these containers; the first `refusals` removals fail."""

    def __init__(self, *there: Resource, refusals: int = 0) -> None:
        super().__init__()
        self.there, self.refusals = list(there), refusals

    async def resources(self, label: str = LABEL_RUN) -> list[Resource]:
        run = label.partition("=")[2]
        return [resource for resource in self.there if resource.labels and run in ("", resource.labels[LABEL_RUN])]

    async def call(self, *arguments: str, timeout: float = 120.0, abort: bool = False) -> str:
        if "--external" not in arguments:
            return ""
        return json.dumps([{"Id": each.id, "Names": [each.name], "Labels": each.labels} for each in self.there])

    async def remove(self, resources: Sequence[Resource]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PodmanCommandError("rm", 125, "Error: it is being removed already")
        self.there = [resource for resource in self.there if resource not in resources]


@pytest.mark.parametrize(
    ("resource", "abandoned"),
    [
        (container("a"), True),
        (container("a", kind=cleanup.KIND_UP), True),
        (container("a", owner=ME), False),
        (container("a", kind=cleanup.KIND_DETACHED), False),
        (container("a", owner="another version's idea of an owner"), False),
        (Resource("network", "n", "n", {LABEL_RUN: "a"}), False),
    ],
)
def test_only_what_an_owner_that_is_dead_should_have_removed_is_abandoned(resource: Resource, abandoned: bool) -> None:
    assert cleanup.is_abandoned(resource) is abandoned


async def test_a_sweep_removes_dead_runs_with_their_directories_and_nothing_else(tmp_path: Path) -> None:
    workdir = tmp_path / f"{cleanup.WORKDIR_PREFIX}dead"
    workdir.mkdir()
    alive = container("alive", owner=ME)
    podman, told = Containers(container("dead", workdir=str(workdir)), alive), list[str]()
    await cleanup.sweep(podman, tmp_path, told.append)
    assert podman.there == [alive]
    assert not workdir.exists()
    assert len(told) == 1
    assert "dead" in told[0]


def owned(directory: Path, owner: ProcessIdentity) -> Path:
    cleanup.make_workdir(directory)
    for file in directory.iterdir():
        file.write_text(str(owner))
    return directory


async def test_a_run_that_was_killed_before_podman_noted_anything_is_known_by_its_directory(tmp_path: Path) -> None:
    """All that there is of it is its directory, and a container that is only in storage."""
    dead = owned(tmp_path / f"{cleanup.WORKDIR_PREFIX}dead", DEAD)
    alive = owned(tmp_path / f"{cleanup.WORKDIR_PREFIX}alive", ME)
    kept = owned(tmp_path / f"{cleanup.WORKDIR_PREFIX}kept", DEAD)
    cleanup.disown(kept)
    podman, told = Containers(Resource("container", "a", f"{dead.name}-web", {})), list[str]()
    await cleanup.sweep(podman, tmp_path, told.append)
    assert not podman.there
    assert (dead.exists(), alive.exists(), kept.exists()) == (False, True, True)
    assert dead.name in told[0]


async def test_a_directory_that_somebody_else_made_says_nothing_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = owned(tmp_path / f"{cleanup.WORKDIR_PREFIX}dead", DEAD)
    monkeypatch.setattr(os, "geteuid", lambda: theirs.stat().st_uid + 1)
    await cleanup.sweep(Containers(), tmp_path, lambda line: None)
    assert theirs.exists()


async def test_a_sweep_that_meets_another_one_tries_again(tmp_path: Path) -> None:
    podman = Containers(container("dead"), refusals=1)
    await cleanup.sweep(podman, tmp_path, lambda line: None)
    assert not podman.there


async def test_what_resists_is_told_and_stops_nobody(tmp_path: Path) -> None:
    told = list[str]()
    await cleanup.sweep(Containers(container("dead"), refusals=1000), tmp_path, told.append)
    assert "could not be removed" in told[0]


async def test_removing_ones_own_run_must_succeed() -> None:
    with pytest.raises(PodmanCommandError):
        await cleanup.remove_run(Containers(container("mine"), refusals=1000), "mine")


def test_a_directory_that_is_no_runs_is_never_deleted(tmp_path: Path) -> None:
    cleanup.remove_workdir(tmp_path)
    assert tmp_path.exists()
