"""A service that is frozen by one run and thawed by the next."""

from __future__ import annotations

import os
import shutil
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tools.stack.faults import client
from tools.stack.runner.engine.podman import RUN_ID_VARIABLE
from tools.stack.runner.process import processes_with_environment
from tools.stack.tests.podman.harness import Harness, Run, free_port, podman

pytestmark = pytest.mark.skipif(shutil.which("criu") is None, reason="CRIU is not installed")

STARTED, KEPT, RESTORED = "web started", "a snapshot is kept", "restored from a snapshot"
DROPPED = "its snapshot is dropped"


@pytest.fixture
def place(harness: Harness) -> Path:
    """Where the snapshots of the harness are kept."""
    place = harness.directory / "snapshots"
    harness.environment["STACK_SNAPSHOT_DIRECTORY"] = str(place)
    return place


def frozen(harness: Harness, *steps: str, **attributes: Any) -> dict[str, Any]:
    """A service with a snapshot. It is root, since CRIU may need CAP_SYS_RESOURCE to freeze the processes of others."""
    return harness.web("web", *steps, **{"snapshot": True, "user": "0:0", **attributes})


def said(lines: list[str], text: str) -> bool:
    return any(text in line for line in lines)


def first_run(harness: Harness, web: dict[str, Any], place: Path) -> Path:
    """The snapshot that a run has made of the service."""
    ended = harness.test(web)
    assert ended.code == 0, ended.error
    assert said(ended.error, KEPT)
    (snapshot,) = place.iterdir()
    shutil.rmtree(harness.outputs)
    return snapshot


def test_what_one_run_froze_the_next_thaws_with_its_own_network_and_log(harness: Harness, place: Path) -> None:
    web = frozen(harness, "say:from nothing")
    first_run(harness, web, place)
    ended = harness.test(web, tests=["get:http://web:8000", "cases:passed"])
    assert ended.code == 0, ended.error
    assert said(ended.error, RESTORED)
    assert not said(ended.error, KEPT)
    assert "from nothing" not in (harness.outputs / "logs/web.log").read_text()
    assert harness.timeline["services"]["web"]["from_snapshot"]
    assert "from a snapshot" in (harness.outputs / "summary.txt").read_text()


@pytest.mark.usefixtures("place")
def test_open_connections_do_not_keep_it_from_being_frozen_or_thawed(harness: Harness) -> None:
    web, peer = frozen(harness, "visited:8001"), harness.web("peer", "visit:web:8001")
    for expected in (KEPT, RESTORED):
        # Where it is thawed nobody listens on that port any more.
        services = (web, peer) if expected == KEPT else (web,)
        ended = harness.test(*services, tests=["get:http://web:8000", "cases:passed"])
        assert ended.code == 0, ended.error
        assert said(ended.error, expected)


def test_a_service_that_is_declared_otherwise_starts_from_nothing(harness: Harness, place: Path) -> None:
    first_run(harness, frozen(harness), place)
    ended = harness.test(frozen(harness, env={"OTHER": "1"}))
    assert ended.code == 0, ended.error
    assert said(ended.error, KEPT)
    assert not said(ended.error, RESTORED)
    assert len(list(place.iterdir())) == 2


def test_the_switch_leaves_snapshots_alone(harness: Harness, place: Path) -> None:
    web = frozen(harness)
    first_run(harness, web, place)
    ended = harness.test(web, STACK_SNAPSHOT="off")
    assert ended.code == 0, ended.error
    assert said(ended.error, STARTED)
    assert not said(ended.error, "snapshot")


def cut_short(snapshot: Path) -> None:
    pages = next(snapshot.rglob("pages-*.img"))
    os.truncate(pages, pages.stat().st_size // 2)


def garble(snapshot: Path) -> None:
    inventory = snapshot / "checkpoint/inventory.img"
    inventory.write_bytes(bytes(inventory.stat().st_size))


@pytest.mark.parametrize("damage", [cut_short, garble])
def test_a_damaged_snapshot_is_replaced_in_the_same_run(harness: Harness, place: Path, damage: Any) -> None:
    web = frozen(harness, "say:from nothing")
    damage(first_run(harness, web, place))
    ended = harness.test(web)
    assert ended.code == 0, ended.error
    assert said(ended.error, DROPPED)
    assert said(ended.error, KEPT)
    assert "from nothing" in (harness.outputs / "logs/web.log").read_text()
    assert not harness.timeline["services"]["web"]["from_snapshot"]
    assert said(harness.test(web).error, RESTORED)


@pytest.mark.parametrize(("what", "fact"), [("end:3", "ended"), ("mute", "not ready")])
def test_what_does_not_prove_to_be_ready_again_is_dropped(harness: Harness, place: Path, what: str, fact: str) -> None:
    web = frozen(harness, f"moved:0:{what}")
    first_run(harness, web, place)
    ended = harness.test(web)
    assert ended.code == 0, ended.error
    assert fact in next(line for line in ended.error if DROPPED in line)
    assert said(ended.error, STARTED)


@pytest.mark.parametrize(
    ("what", "facts"), [("end:3", ["web exited 3"]), ("eat", ["web exited 137", "out of memory", "128m"])]
)
def test_the_end_of_a_thawed_service_is_diagnosed_like_any_other(
    harness: Harness, place: Path, what: str, facts: list[str]
) -> None:
    web = frozen(harness, f"moved:2:{what}")
    first_run(harness, web, place)
    ended = harness.test(web, tests=["sleep:60"])
    assert said(ended.error, RESTORED)
    assert ended.code == 1
    for fact in facts:
        assert fact in ended.diagnosis


def test_tests_can_hurt_a_thawed_service_like_any_other(harness: Harness, place: Path) -> None:
    web = frozen(harness, "obedient", "say:from nothing")
    first_run(harness, web, place)
    steps = ["fault:pause web", "fault:unpause web", "fault:restart web", "fault:kill web", "fault:start web"]
    tests = harness.service("tests", *steps, "get:http://web:8000", "cases:passed")
    library = {"source": str(Path(client.__file__).resolve()), "target": "/app/tools/stack/faults/client.py"}
    manifest = harness.manifest(web, tests={**tests, "mounts": [*tests["mounts"], library]}, faults=True)
    ended = harness.start("test", manifest).end()
    assert ended.code == 0, ended.error
    assert said(ended.error, RESTORED)
    assert (harness.outputs / "logs/web.log").read_text().count("from nothing") == 2


def test_a_thawed_service_is_published_like_any_other_and_a_command_removes_the_snapshots(
    harness: Harness, place: Path
) -> None:
    web, port = frozen(harness), free_port()
    first_run(harness, web, place)
    # Its network is of another kind, since it is reached from outside.
    run = harness.start("up", harness.manifest(web, publish={"web:main": port}))
    run.wait_for(f"127.0.0.1:{port}")
    assert said(run.error, RESTORED)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        assert response.status == 200
    down = harness.start("down", "--stack", harness.label, "--snapshots").end()
    assert down.code == 0, down.error
    assert not list(place.iterdir())
    run.end(10)


def test_of_two_runs_at_once_one_keeps_its_snapshot(harness: Harness, place: Path) -> None:
    web = frozen(harness)
    runs = [harness.start("test", harness.manifest(web, tests=["cases:passed"])) for _ in range(2)]
    for run in runs:
        assert run.end().code == 0, run.error
    (snapshot,) = place.iterdir()
    assert (snapshot / "content.json").is_file()
    runs = [harness.start("test", harness.manifest(web, tests=["cases:passed"])) for _ in range(2)]
    for run in runs:
        assert run.end().code == 0, run.error
        assert said(run.error, RESTORED)


def processes_of(run_id: str) -> list[tuple[int, str]]:
    return list(processes_with_environment(f"{RUN_ID_VARIABLE}={run_id}"))


def kill(harness: Harness, run: Run) -> None:
    """Kills a run, and waits until nothing of it is there any more, neither podman's nor CRIU's.

    CRIU ends what it is about before the processes that it has in its hands can be killed.
    """
    (run_id,) = {path.name for path in harness.directory.glob("stack-*")}
    run.signal_group(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while left := [*harness.leftovers(), *processes_of(run_id)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_nothing_is_left_when_it_is_killed_while_it_freezes(harness: Harness, place: Path) -> None:
    # Its command line tells whose it is.
    web = frozen(harness, "hold:700", f"say:{harness.directory}", memory="2g")
    run = harness.start("test", harness.manifest(web, tests=["wait"]))
    deadline = time.monotonic() + 30
    while not list(place.glob("*/checkpoint/pages-*.img")):
        assert time.monotonic() < deadline, run.error
        time.sleep(0.01)
    kill(harness, run)
    assert not list(place.iterdir())


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_nothing_is_left_when_it_is_killed_while_it_thaws(harness: Harness, place: Path, delay: float) -> None:
    # Its command line tells whose it is.
    web = frozen(harness, "hold:700", f"say:{harness.directory}", memory="2g")
    snapshot = first_run(harness, web, place)
    run = harness.start("test", harness.manifest(web, tests=["wait"]))
    deadline = time.monotonic() + 30
    while not podman("ps", "--all", "--quiet", "--filter", f"label=tools.stack.stack={harness.label}"):
        assert time.monotonic() < deadline, run.error
    time.sleep(delay)
    kill(harness, run)
    assert list(place.iterdir()) == [snapshot]
