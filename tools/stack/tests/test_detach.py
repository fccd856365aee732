"""Starting a program outside of this process tree."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tools.stack.runner import detach

HOLDER = 'while IFS= read -r line; do bash -c "$line" & done'


def started_by(command: list[str], written: Path, **arguments: Path) -> tuple[bool, int]:
    """Whether the program was started outside, and the process that started it."""
    outside = detach.start([*command, str(written)], {"PATH": os.environ["PATH"]}, **arguments)
    deadline = time.monotonic() + 10
    while not (written.is_file() and written.read_text().endswith("\n")):
        assert time.monotonic() < deadline, "it was not started"
        time.sleep(0.01)
    return outside, int(written.read_text())


COMMAND = ["bash", "-c", 'echo "$PPID" > "$0"']


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "spawn"
    os.mkfifo(path, 0o600)
    return path


def test_the_process_behind_the_fifo_starts_it(tmp_path: Path, fifo: Path) -> None:
    descriptor = os.open(fifo, os.O_RDWR)
    with subprocess.Popen(["bash", "-c", HOLDER], stdin=descriptor) as holder:
        try:
            assert started_by(COMMAND, tmp_path / "a 'file'", fifo=fifo) == (True, holder.pid)
        finally:
            holder.kill()
            os.close(descriptor)


def test_without_anybody_behind_it_this_process_does(tmp_path: Path, fifo: Path) -> None:
    assert started_by(COMMAND, tmp_path / "file", fifo=fifo) == (False, os.getpid())
    assert started_by(COMMAND, tmp_path / "other", fifo=tmp_path / "absent") == (False, os.getpid())


def test_a_fifo_that_others_could_read_is_not_trusted(tmp_path: Path, fifo: Path) -> None:
    fifo.chmod(0o666)
    descriptor = os.open(fifo, os.O_RDWR)
    try:
        assert started_by(COMMAND, tmp_path / "file", fifo=fifo) == (False, os.getpid())
    finally:
        os.close(descriptor)
