"""Starting: in the order of needs, and what a failed start says."""

from __future__ import annotations

import ctypes
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tools.stack.tests.podman.harness import Harness
from tools.stack.tests.samples import write_layout

_DETACH = 2  # MNT_DETACH of umount2(2)

TCP = {"kind": "tcp", "port": "main"}


def test_a_service_starts_when_what_it_needs_is_ready_and_the_others_do_not_wait(harness: Harness) -> None:
    ended = harness.test(
        harness.web("slow", "sleep:1"),
        harness.web("needs-slow", needs=["slow"]),
        harness.web("alone"),
        tests=["cases:passed"],
    )
    assert ended.code == 0, ended.error
    times = harness.timeline["services"]
    assert times["needs-slow"]["started"] >= times["slow"]["ready"]
    assert times["alone"]["ready"] < times["slow"]["ready"]


def test_a_service_without_a_probe_is_ready_when_it_runs(harness: Harness) -> None:
    assert harness.test(harness.service("web", "wait"), tests=["cases:passed"]).code == 0


@pytest.mark.parametrize(
    ("steps", "attributes", "facts"),
    [
        (["say:no configuration", "exit:3"], {}, ["exited 3", "connection refused", "no configuration"]),
        (["say:thinking", "wait"], {"ready_timeout": 2}, ["not ready after 2 s", "connection refused", "thinking"]),
        (["stubborn", "wait"], {"ready_timeout": 2}, ["not ready after 2 s", "log is empty"]),
        (["eat"], {}, ["exited 137", "out of memory", "128m"]),
        (["feed", "exit:1"], {}, ["exited 1", "out of memory", "128m"]),
        (["feed", "wait"], {"ready_timeout": 3}, ["not ready after 3 s", "out of memory", "1 of its processes"]),
        (["exit:0"], {}, ["exited 0"]),
        (["crash"], {}, ["exited 139", "SIGSEGV"]),
        ([], {"command": ["/no/such/program"]}, ["could not be started", "/no/such/program"]),
        ([], {"memory": "plenty"}, ["could not be started", "plenty"]),
        (
            ["serve:8000", "wait"],
            {"probe": {"kind": "redis", "port": "main"}, "ready_timeout": 2},
            ["not ready", "DOCTYPE"],
        ),
        (["wait"], {"probe": {"kind": "exec", "command": ["/bin/no"]}, "ready_timeout": 2}, ["not ready", "/bin/no"]),
    ],
)
def test_a_service_that_does_not_come_up_is_named_with_cause_and_evidence(
    harness: Harness, steps: list[str], attributes: dict[str, Any], facts: list[str]
) -> None:
    bad = harness.service("bad", *steps, **{"probe": TCP, **attributes})
    ended = harness.test(harness.web(), bad)
    assert ended.code == 1
    assert ended.seconds < 15
    for fact in ["bad", *facts]:
        assert fact in ended.diagnosis
    assert json.loads((harness.outputs / "timeline.json").read_text())["failure"]


def test_the_end_of_a_service_ends_the_tests_at_once(harness: Harness) -> None:
    ended = harness.test(harness.service("web", "sleep:2", "say:that was it", "exit:4"), tests=["sleep:60"])
    assert "web exited 4" in ended.diagnosis
    assert "that was it" in ended.diagnosis
    assert ended.seconds < 10


def test_a_service_that_ended_just_before_the_tests_passed_is_the_diagnosis(harness: Harness) -> None:
    bad = harness.service("bad", "listen:8000", "sleep:1", "exit:3")
    ended = harness.test(bad, tests=["outlive:bad:8000", "cases:passed"])
    assert "bad exited 3" in ended.diagnosis


def test_outputs_that_cannot_be_written_do_not_hide_the_diagnosis(harness: Harness) -> None:
    taken = harness.directory / "taken"
    taken.write_text("a file where a directory should be")
    ended = harness.test(harness.service("bad", "exit:3"), TEST_UNDECLARED_OUTPUTS_DIR=str(taken))
    assert "bad exited 3" in ended.diagnosis


def test_an_exec_probe_asks_inside_the_container(harness: Harness) -> None:
    check = ["/usr/bin/python3.11", "-c", "import os; os.stat('/tmp/ready')"]
    probe = {"kind": "exec", "command": check}
    web = harness.service("web", "sleep:0.5", "write:/tmp/ready", "wait", probe=probe)
    assert harness.test(web, tests=["cases:passed"]).code == 0


def test_no_such_image(harness: Harness) -> None:
    ended = harness.test(harness.web(image=str(harness.directory), image_label="//images:none"))
    assert "no such image: //images:none" in ended.diagnosis


def damaged(harness: Harness) -> Path:
    """A copy of the image with a bit flipped in a layer that no other image has."""
    layout = harness.directory / "image"
    write_layout(layout, random.Random(str(harness.directory)).randbytes(20 << 10))
    layer = max((layout / "blobs/sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    data = bytearray(layer.read_bytes())
    data[100] ^= 1
    layer.write_bytes(data)
    return layout


def test_an_image_with_a_wrong_hash(harness: Harness) -> None:
    ended = harness.test(harness.web(image=str(damaged(harness)), image_label="//images:damaged"))
    assert "//images:damaged" in ended.diagnosis
    assert "hash" in ended.diagnosis


def test_no_room_on_the_disk(harness: Harness) -> None:
    """podman's storage is empty and on a file system of 8 MB; the image has 60."""
    small = harness.directory / "small"
    small.mkdir()
    configuration = harness.directory / "storage.conf"
    configuration.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{small}/a"\nrunroot = "{small}/b"\n')
    libc = ctypes.CDLL(None, use_errno=True)
    refused = libc.mount(b"tmpfs", bytes(small), b"tmpfs", 0, b"size=8m")
    assert not refused, f"this test needs to mount a file system: {os.strerror(ctypes.get_errno())}"
    try:
        ended = harness.test(harness.web(), CONTAINERS_STORAGE_CONF=str(configuration))
    finally:
        libc.umount2(bytes(small), _DETACH)
    assert "no room on the disk" in ended.diagnosis
    assert "GB" in ended.diagnosis


def test_podman_is_missing(harness: Harness) -> None:
    ended = harness.test(harness.web(), PATH=str(harness.directory))
    assert "podman is missing" in ended.diagnosis


def test_podman_does_not_work(harness: Harness) -> None:
    broken = harness.directory / "bin"
    broken.mkdir()
    (broken / "podman").write_text("#!/bin/sh\necho 'Error: cannot clone: Operation not permitted' >&2\nexit 125\n")
    (broken / "podman").chmod(0o755)
    ended = harness.test(harness.web(), PATH=f"{broken}:{os.environ['PATH']}")
    assert ended.code == 1
    assert "does not work" in ended.diagnosis
    assert "cannot clone: Operation not permitted" in ended.diagnosis
