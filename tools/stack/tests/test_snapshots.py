"""When a service starts from a snapshot, and what a person is told when it does not."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack.runner.engine.podman import Podman, PodmanCommandError
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.snapshot import freezer, snapshots
from tools.stack.runner.snapshot.snapshots import Snapshots, switched_on
from tools.stack.tests.samples import service

WEB = service("web", snapshot=True)
VERSIONS = {
    "host": {
        "ociRuntime": {"path": "/usr/bin/runc", "version": "1.3"},
        "conmon": {"version": "2.1"},
        "cgroupManager": "cgroupfs",
        "cgroupVersion": "v2",
    },
    "store": {"graphRoot": "/nowhere/storage"},
    "version": {"Version": "5.8"},
}


class FakePodman(Podman):
    """Freezes by writing a file; thaws what it is asked to, unless `fails` names the command."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.own = directory / "container"
        self.own.mkdir()
        self.calls: list[str] = []
        self.fails: dict[str, int] = {}
        self.versions = VERSIONS

    async def call(self, *arguments: str, timeout: float = 120.0, abort: bool = False) -> str:
        command = " ".join(arguments[:2]) if arguments[0] == "container" else arguments[0]
        self.calls.append(command)
        if self.fails.get(command, 0) > 0:
            self.fails[command] -= 1
            raise PodmanCommandError(command, 125, "Error: it does not want to")
        if command == "container checkpoint":
            (self.own / "checkpoint/inventory.img").write_bytes(b"frozen")
        if command == "container restore":
            assert (self.own / "checkpoint/inventory.img").read_bytes() == b"frozen"
        answers = {"info": json.dumps(self.versions), "container inspect": str(self.own), "create": "id"}
        return answers.get(command, "")


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePodman]:
    monkeypatch.setenv(snapshots.PLACE, str(tmp_path / "store"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program, path: "/bin/sh")
    monkeypatch.setattr(snapshots, "_PAUSE", 0)
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    podman = FakePodman(tmp_path)
    yield podman
    assert not list(podman.own.iterdir())


def one_run(podman: Podman, memory: int = 0, wanted: bool = True) -> tuple[str | None, list[str]]:
    """What became of the service in a run in which it would start from nothing otherwise, and what was said."""
    said: list[str] = []

    async def go() -> str | None:
        mine = Snapshots(podman, Runfiles.discover(), said.append, wanted=wanted)
        mine.begin([WEB, service("other")], {"image": "id"})
        container = await mine.thaw(WEB, ["image"], {})
        if container is None:
            await mine.keep(WEB, "cold", memory)
        return container

    return asyncio.run(go()), said


def test_one_run_keeps_it_and_the_next_thaws_it(podman: FakePodman) -> None:
    assert one_run(podman)[0] is None
    assert one_run(podman)[0] == "id"


def test_other_programs_make_another_snapshot(podman: FakePodman) -> None:
    one_run(podman)
    podman.versions = VERSIONS | {"version": {"Version": "5.9"}}
    assert one_run(podman)[0] is None


def test_a_service_that_was_not_declared_so_has_none(podman: FakePodman) -> None:
    async def go() -> str | None:
        mine = Snapshots(podman, Runfiles.discover(), print)
        mine.begin([service("other")], {"image": "id"})
        await mine.keep(service("other"), "cold", 0)
        return await mine.thaw(service("other"), [], {})

    assert asyncio.run(go()) is None
    assert not podman.calls


def test_where_they_are_not_wanted_there_are_none(podman: FakePodman) -> None:
    assert one_run(podman, wanted=False) == (None, [])
    assert not podman.calls


@pytest.mark.parametrize(
    ("patch", "fact"),
    [
        ({"which": lambda program, path: None}, "CRIU"),
        ({"geteuid": lambda: 1000}, "root"),
    ],
)
def test_where_it_is_not_possible_one_line_says_why(
    podman: FakePodman, monkeypatch: pytest.MonkeyPatch, patch: dict[str, object], fact: str
) -> None:
    for name, value in patch.items():
        monkeypatch.setattr(shutil if name == "which" else os, name, value)
    container, said = one_run(podman)
    assert container is None
    (line,) = said
    assert fact in line


def test_podman_on_another_machine_has_none(podman: FakePodman, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTAINER_HOST", "ssh://elsewhere")
    assert one_run(podman)[0] is None
    assert "create" not in podman.calls


def test_a_full_disk_gets_no_snapshot(podman: FakePodman, tmp_path: Path) -> None:
    _, said = one_run(podman, memory=1 << 60)
    assert "free" in said[0]
    assert "container checkpoint" not in podman.calls
    assert not list((tmp_path / "store").iterdir())


def test_freezing_is_tried_again_and_then_given_up(podman: FakePodman, tmp_path: Path) -> None:
    podman.fails["container checkpoint"] = 1
    one_run(podman)
    assert one_run(podman)[0] == "id"
    (snapshot,) = (tmp_path / "store").iterdir()
    (snapshot / "content.json").unlink()
    podman.fails["container checkpoint"] = 99
    container, said = one_run(podman)
    assert container is None
    assert "dropped" in said[0]
    assert "it does not want to" in said[1]
    assert not list((tmp_path / "store").iterdir())


@pytest.mark.parametrize("command", ["create", "init", "container cleanup", "container restore"])
def test_what_cannot_be_thawed_is_dropped_and_removed(podman: FakePodman, command: str) -> None:
    one_run(podman)
    podman.fails[command] = 1
    container, said = one_run(podman)
    assert container is None
    assert "dropped" in said[0]
    assert ("rm" in podman.calls) == (command != "create")
    assert one_run(podman)[0] == "id"


def test_what_is_distrusted_is_not_thawed_again(podman: FakePodman) -> None:
    one_run(podman)

    async def go() -> None:
        mine = Snapshots(podman, Runfiles.discover(), print)
        mine.begin([WEB], {"image": "id"})
        await mine.distrust(WEB, "id", "it says nothing")

    asyncio.run(go())
    assert "rm" in podman.calls
    assert one_run(podman)[0] is None


def test_the_reason_is_what_criu_says(tmp_path: Path) -> None:
    log = tmp_path / "dump.log"
    log.write_text(
        "(00.1) Dumping\n"
        "(00.2) Error (criu/util.c:1): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n"
        "(00.3)     14: Error (criu/sk-inet.c:1059): inet: Can't bind inet socket: Cannot assign requested address\n"
        "(00.4) Error (criu/cr-restore.c:2331): Restoring FAILED.\n"
    )
    error = PodmanCommandError("restore", 125, "Error: runc failed")
    assert freezer.reason(log, error) == "inet: Can't bind inet socket: Cannot assign requested address"
    assert freezer.reason(tmp_path / "none", error) == "runc failed"


@pytest.mark.parametrize(("value", "on"), [(None, True), ("", True), ("on", True), ("off", False), ("OFF", False)])
def test_the_switch(monkeypatch: pytest.MonkeyPatch, value: str | None, on: bool) -> None:
    monkeypatch.delenv(snapshots.SWITCH, raising=False)
    if value is not None:
        monkeypatch.setenv(snapshots.SWITCH, value)
    assert switched_on() == on
