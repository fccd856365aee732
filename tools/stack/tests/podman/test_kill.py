"""SIGKILL at every moment of a run, for the runner alone and for all that it has started: nothing may be left."""

from __future__ import annotations

import io
import os
import signal
import sys
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.stack.tests.podman import killing
from tools.stack.tests.podman.harness import Harness, Run, podman
from tools.stack.tests.podman.killing import RUNTIME, Moment, Traces, kill_group, kill_tree, until
from tools.stack.tests.samples import write_layout

WRAPPER = [sys.executable, str(Path(killing.__file__).with_name("wrapper.py"))]
KILLS = pytest.mark.parametrize("kill", [kill_group, kill_tree], ids=["runner", "tree"])
Kill = Callable[[Run], None]


def start(harness: Harness, kill: Kill, *tests: str, **environment: str) -> Run:
    """A run of one service and tests that the given way of killing can end."""
    manifest = harness.manifest(harness.web(), tests=tests or ("cases:passed",))
    return harness.start("test", manifest, under=WRAPPER if kill is kill_tree else (), **environment)


@KILLS
@pytest.mark.parametrize(
    "moment",
    [
        Moment(before="network create *"),
        Moment(after="network create *"),
        Moment(before="run *"),
        Moment(after="run *"),
        Moment(before="inspect --type container * *"),  # of all containers: evidence is collected
        Moment(before="rm *"),
        Moment(after="rm *"),
        Moment(after="network rm *"),
    ],
    ids=[
        "before the network",
        "with a network",
        "before a container",
        "with a container",
        "collecting",
        "before removing",
        "containers are removed",
        "all is removed",
    ],
)
def test_nothing_is_left_of_a_run_that_is_killed(harness: Harness, moment: Moment, kill: Kill) -> None:
    run = start(harness, kill, **moment.prepare(harness.directory))
    moment.wait(harness.directory, run)
    traces = Traces.of(harness)
    kill(run)
    until(lambda: not traces.left(), lambda: f"left: {traces.left()}")


@KILLS
@pytest.mark.parametrize("steps", [[], ["say:testing", "wait"]], ids=["probing", "testing"])
def test_nothing_is_left_of_containers_that_are_at_work(harness: Harness, steps: list[str], kill: Kill) -> None:
    disk = {"volumes": ["/data"], "volume_size": "1m"}
    probed = harness.web("probed", *([] if steps else ["wait"]), **disk)
    manifest = harness.manifest(harness.web(), probed, tests=steps or ["wait"])
    run = harness.start("test", manifest, under=WRAPPER if kill is kill_tree else ())
    run.wait_for("testing" if steps else "web ready")
    run.wait_for("probed started")
    traces = Traces.of(harness)
    assert len(traces.containers) == (3 if steps else 2)
    assert len(traces.interfaces) == len(traces.containers) + 1
    kill(run)
    until(lambda: not traces.left(), lambda: f"left: {traces.left()}")


@pytest.mark.parametrize(
    "moment",
    [
        Moment(before="* setup *", program="netavark"),
        Moment(after="* setup *", program="netavark"),
        Moment(before="* create *", program=RUNTIME),
        Moment(after="* create *", program=RUNTIME),
    ],
    ids=["before its network", "with its network", "before its processes", "with its processes"],
)
def test_nothing_is_left_of_a_container_that_podman_was_just_making(harness: Harness, moment: Moment) -> None:
    """podman itself is killed: it has not noted yet what it was making."""
    run = start(harness, kill_tree, **moment.prepare(harness.directory))
    last = moment.wait(harness.directory, run).split()[-1]
    (directory,) = harness.directory.glob("stack-*")
    container = "" if "/" in last else last
    traces = Traces(
        directory.name,
        frozenset({container} if container else ()),
        frozenset(),
        frozenset() if container else frozenset({last}),
    )
    kill_tree(run)
    until(lambda: not traces.left(), lambda: f"left: {traces.left()}")
    # Until nothing has its files open.
    until(lambda: not harness.leftovers(), lambda: f"left: {harness.leftovers()}")


def archive(harness: Harness) -> bytes:
    """A layer that takes a while to copy, and that no other image has."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo(f"{harness.directory.name}.{uuid.uuid4().hex}")
        entry.size = 200 << 20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    return stream.getvalue()


@KILLS
def test_nothing_is_left_of_an_image_that_was_loading(harness: Harness, kill: Kill) -> None:
    """Its layer is half copied. Afterwards podman's storage is whole: the same image loads."""
    layout = harness.directory / "image"
    image = write_layout(layout, archive(harness))
    big = harness.web("big", image=str(layout), image_label="//images:big")
    manifest = harness.manifest(harness.web(), big, tests=["wait"])
    run = harness.start("test", manifest, under=WRAPPER if kill is kill_tree else ())
    until(lambda: any(harness.directory.glob("stack-*/*storage*/*")), lambda: f"nothing is copied: {run.error}")
    traces = Traces.of(harness)
    kill(run)
    until(lambda: not traces.left() and not harness.leftovers(), lambda: f"left: {traces.left()}")
    assert image not in podman("images", "--all", "--quiet", "--no-trunc")
    again = harness.start("test", manifest)
    again.wait_for("image //images:big loaded")
    again.signal_group(signal.SIGTERM)
    again.end()
    podman("rmi", image)


def test_the_next_run_removes_what_is_left_when_the_reaper_is_killed_as_well(harness: Harness) -> None:
    run = start(harness, kill_group, "say:testing", "wait")
    run.wait_for("testing")
    traces = Traces.of(harness)
    (reaper,) = [process for process in harness.leftovers() if ".removal.reaper" in process]
    os.kill(int(reaper.split()[0]), signal.SIGKILL)
    kill_group(run)
    assert traces.left()
    # Any run on this machine may be the next one.
    assert harness.test(harness.web(), tests=["cases:passed"]).code == 0
    assert not traces.left()
    assert not harness.leftovers()
