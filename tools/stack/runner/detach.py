"""Starts a program that outlives this one's process tree.

A session of its own is not enough under Bazel: its process-wrapper is a child subreaper, so orphans of a test become
its children, and when the test ends it kills them all, daemons included. Only a process outside that tree can start
one that survives. The toolbox keeps such a process, which reads commands from a FIFO (tools/toolbox/holder.sh).
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SPAWN_FIFO = Path("/run/ray-vllm-toolbox.spawn")
_MOST_BYTES = 4096  # PIPE_BUF: up to here a write to a FIFO is never torn apart.


def start(command: Sequence[str], environment: Mapping[str, str], fifo: Path = SPAWN_FIFO) -> bool:
    """Starts `command` with its own session and no files open. True when it is outside of this process tree."""
    if _ask_outside(command, environment, fifo):
        return True
    subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return False


def _ask_outside(command: Sequence[str], environment: Mapping[str, str], fifo: Path) -> bool:
    assignments = [f"{name}={value}" for name, value in environment.items()]
    line = f"exec {shlex.join(['env', '-i', *assignments, *command])}\n".encode()
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
