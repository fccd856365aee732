"""The gate that tests wait at, and the plugin that has pytest wait there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack.runner.commands import gate, plugins
from tools.stack.runner.errors import GateIgnoredError

TEST = """
import os

def test_the_session_began_after_the_gate_was_open():
    assert os.path.exists(os.environ["OPENED"])
"""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[gate.Gate]:
    (tmp_path / "run").mkdir()
    closed = gate.Gate(tmp_path / "run", str(tmp_path))
    yield closed
    closed.open()


def started(directory: Path, closed: gate.Gate, *arguments: str) -> subprocess.Popen[str]:
    """pytest, given what the tests' container is given, in a folder with one test."""
    (directory / "test_one.py").write_text(TEST)
    (file,) = closed.extra().readable
    plugin = plugins.given([gate.PLUGIN], {})
    (module,) = plugin.readable
    path = os.pathsep.join([str(module.parent), *filter(None, sys.path)])
    environment = {**os.environ, **closed.extra().env, "STACK_GATE": str(file), "PYTHONPATH": path}
    environment["OPENED"] = str(directory / "opened")
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir=.", *plugin.args, *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)


def test_pytest_waits_before_it_collects_and_runs_once_the_gate_is_open(tmp_path: Path, closed: gate.Gate) -> None:
    process = started(tmp_path, closed)
    wait_for(tmp_path / "gate", process)
    (tmp_path / "test_one.py").write_text(TEST + "\n\ndef test_that_came_later():\n    pass\n")
    (tmp_path / "opened").touch()
    closed.open()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert "2 passed" in output
    closed.check(tmp_path)


def test_what_cannot_be_loaded_is_told_while_the_gate_is_closed(tmp_path: Path, closed: gate.Gate) -> None:
    (tmp_path / "conftest.py").write_text("import that_is_not_there\n")
    process = started(tmp_path, closed)
    process.communicate(timeout=30)
    assert process.returncode


def test_tests_that_did_not_wait_are_told_of(tmp_path: Path, closed: gate.Gate) -> None:
    with pytest.raises(GateIgnoredError, match="starts_early"):
        closed.check(tmp_path)


def test_a_gate_can_be_opened_twice(closed: gate.Gate) -> None:
    assert not closed.is_open
    closed.open()
    closed.open()
    assert closed.is_open
