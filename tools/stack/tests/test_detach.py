"""Starting a program outside of this process tree."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack.runner.removal import detach

HOLDER = 'while IFS= read -r line; do bash -c "$line" & done'


def started_by(command: list[str], written: Path, fifo: Path, systemd: Path = Path("/none")) -> tuple[bool, int]:
    """Whether the program was started outside, and the process that started it."""
    asked = [*command, str(written)], {"PATH": os.environ["PATH"]}
    outside = detach.outside(*asked, fifo=fifo, systemd=systemd) or not detach.inside(*asked)
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


@pytest.fixture
def holder(fifo: Path) -> Iterator[int]:
    """The id of a process that starts what comes through the FIFO."""
    descriptor = os.open(fifo, os.O_RDWR)
    with subprocess.Popen(["bash", "-c", HOLDER], stdin=descriptor) as process:
        yield process.pid
        process.kill()
    os.close(descriptor)


def test_the_process_behind_the_fifo_starts_it(tmp_path: Path, fifo: Path, holder: int) -> None:
    assert started_by(COMMAND, tmp_path / "a 'file'", fifo) == (True, holder)


def systemd_run(directory: Path, script: str) -> None:
    """A systemd-run in that directory: no test has a systemd."""
    program = directory / "systemd-run"
    program.write_text(f"#!/bin/bash\n{script}\n")
    program.chmod(0o755)


def test_where_systemd_runs_it_is_a_service(
    tmp_path: Path, fifo: Path, holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd-run here gives the command to a process outside, and writes down what it was asked."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    whole = 'while [[ $1 == --* ]]; do echo "$1" >>asked; shift; done; printf "exec %s\\n" "${*@Q}" >"$FIFO"'
    systemd_run(tmp_path, f"FIFO={fifo}; cd {tmp_path}; {whole}")
    assert started_by(COMMAND, tmp_path / "a 'file'", tmp_path / "absent", systemd=tmp_path) == (True, holder)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == ("--user" if os.getuid() else "--system")
    assert asked[-1] == "--"


def test_a_systemd_that_refuses_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    systemd_run(tmp_path, "echo Failed to connect to bus >&2; exit 1")
    assert started_by(COMMAND, tmp_path / "file", tmp_path / "absent", systemd=tmp_path) == (False, os.getpid())


def test_without_anybody_outside_this_process_does_it(tmp_path: Path, fifo: Path) -> None:
    assert started_by(COMMAND, tmp_path / "file", fifo) == (False, os.getpid())
    assert started_by(COMMAND, tmp_path / "other", tmp_path / "absent") == (False, os.getpid())


def test_a_fifo_that_others_could_read_is_not_trusted(tmp_path: Path, fifo: Path) -> None:
    fifo.chmod(0o666)
    descriptor = os.open(fifo, os.O_RDWR)
    try:
        assert started_by(COMMAND, tmp_path / "file", fifo) == (False, os.getpid())
    finally:
        os.close(descriptor)
