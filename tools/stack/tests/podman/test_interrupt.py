"""Interrupted, killed, and cleaned up after."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tools.stack.tests.podman.conftest import assert_clean
from tools.stack.tests.podman.harness import Harness, Run
from tools.stack.tests.samples import write_layout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["web started", "waiting"])
def test_a_signal_ends_it_well_and_keeps_the_evidence(harness: Harness, number: signal.Signals, moment: str) -> None:
    web = harness.web("web", "sleep:0.5")
    run = harness.start("test", harness.manifest(web, tests=["say:waiting", "wait"]))
    run.wait_for(moment)
    run.signal_group(number)
    assert run.end(10).code == 128 + number
    assert not harness.leftovers()
    assert (harness.outputs / "logs/web.log").is_file()


def started(harness: Harness) -> Run:
    slow, web = harness.web("slow", "sleep:2"), harness.web()
    return harness.start(
        "test", harness.manifest(web, slow, tests=["say:testing", "sleep:0.5", "say:done", "cases:passed"])
    )


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_nothing_is_left_when_it_is_killed_before_and_while_it_makes_things(harness: Harness, delay: float) -> None:
    run = started(harness)
    time.sleep(delay)
    run.signal_group(signal.SIGKILL)
    assert_clean(harness)


@pytest.mark.parametrize(
    ("moment", "delay"),
    [
        ("web started", 0.0),  # others are being started
        ("web ready", 0.1),  # one is being probed
        ("tests started", 0.0),
        ("testing", 0.1),
        ("done", 0.1),  # the tests end
        ("done", 0.3),  # evidence is collected
        ("done", 0.6),  # things are removed
    ],
)
def test_nothing_is_left_when_it_is_killed(harness: Harness, moment: str, delay: float) -> None:
    run = started(harness)
    run.wait_for(moment)
    time.sleep(delay)
    if run.process.poll() is None:
        run.signal_group(signal.SIGKILL)
    assert_clean(harness)


def test_nothing_is_left_when_it_is_killed_while_an_image_loads(harness: Harness) -> None:
    layout = harness.directory / "image"
    write_layout(layout, random.Random(str(harness.directory)).randbytes(1) * (300 << 20))
    run = harness.start("test", harness.manifest(harness.web(), harness.web("big", image=str(layout)), tests=["wait"]))
    deadline = time.monotonic() + 20
    while not any(f"oci:{layout}" in process for process in harness.leftovers()):
        assert time.monotonic() < deadline, run.error
    run.signal_group(signal.SIGKILL)
    assert_clean(harness)


def test_the_next_run_removes_what_is_left_when_the_reaper_is_killed_as_well(harness: Harness) -> None:
    run = started(harness)
    run.wait_for("web ready")
    (reaper,) = [process for process in harness.leftovers() if "runner.reaper" in process]
    os.kill(int(reaper.split()[0]), signal.SIGKILL)
    run.signal_group(signal.SIGKILL)
    run.end()
    left = harness.leftovers()
    assert left
    ended = harness.test(harness.web(), tests=["cases:passed"])
    assert ended.code == 0, ended.error
    assert any("had left behind" in line for line in ended.error)
