"""Starts a program that outlives this one's process tree.

A session of its own is not enough under Bazel: its process-wrapper is a child subreaper, so orphans of a test become
its children, and when the test ends it kills them all, daemons included. Only a process outside that tree can start
one that survives. There are two: the toolbox keeps one that reads commands from a FIFO (tools/toolbox/holder.sh), and
where systemd runs it starts services for everybody.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.stack.runner.engine.environment import search_path

SPAWN_FIFO = Path("/run/ray-vllm-toolbox.spawn")
SYSTEMD = Path("/run/systemd/system")  # sd_booted(3): it is there where systemd is the init system.
_MOST_BYTES = 4096  # PIPE_BUF: up to here a write to a FIFO is never torn apart.
_PATIENCE = 10


def outside(
    command: Sequence[str], environment: Mapping[str, str], fifo: Path = SPAWN_FIFO, systemd: Path = SYSTEMD
) -> bool:
    """Has `command` started outside of this process tree; False where nobody is there to do it."""
    cleared = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]
    return _ask_toolbox(cleared, fifo) or _ask_systemd(cleared, systemd)


def inside(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Starts `command` as a child, with its own session and no files open: it ends with this process tree."""
    subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True


def _ask_systemd(command: Sequence[str], systemd: Path) -> bool:
    """Starts a transient service: of the machine's own systemd for root, of their own for others."""
    if not systemd.is_dir():
        return False
    whose = "--user" if os.getuid() else "--system"
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")  # Where a user's own is found.
    try:
        asked = subprocess.run(
            ["systemd-run", whose, "--quiet", "--collect", "--no-ask-password", "--", *command],
            env={"PATH": search_path(), "XDG_RUNTIME_DIR": runtime},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _ask_toolbox(command: Sequence[str], fifo: Path) -> bool:
    line = f"exec {shlex.join(command)}\n".encode()
    if len(line) > _MOST_BYTES or line.count(b"\n") > 1:
        return False
    try:
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # There is none, or nobody reads from it.
    try:
        status = os.fstat(descriptor)
        private = status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == 0o600
        return stat.S_ISFIFO(status.st_mode) and private and os.write(descriptor, line) == len(line)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
