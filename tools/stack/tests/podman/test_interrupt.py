"""Ended by a signal that it can handle. SIGKILL is in test_kill.py."""

from __future__ import annotations

import signal

import pytest

from tools.stack.tests.podman.harness import Harness


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
