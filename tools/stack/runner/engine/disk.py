"""Volumes of a limited size, which faults can fill: the only module that mounts.

Each is a file system of its own in memory, so that it is full when it is full, whoever writes, and this machine's disk is
never at risk. Unlike podman's own it stays mounted while its container is down.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from tools.stack.runner.engine.environment import search_path
from tools.stack.runner.errors import StackError

_BALLAST = ".filled-by-a-fault"
_CHUNK = 1 << 20


class VolumeError(StackError):
    """A volume of limited size cannot be made. `reason` is mount's own."""

    def __init__(self, size: str, reason: str) -> None:
        self.reason = f"a volume of {size} cannot be mounted: {reason}"
        super().__init__(self.reason)


def mount(directory: Path, size: str) -> None:
    """Makes the directory hold `size` ("64m") and no more. Raises VolumeError."""
    if os.path.ismount(directory):
        return
    done = _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tools-stack", str(directory))
    if done.returncode:
        raise VolumeError(size, " ".join(done.stderr.split()))


def unmount_below(directory: Path) -> None:
    """Takes away all that is mounted in a directory."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = Path(line.split()[4].encode().decode("unicode_escape"))  # proc(5): a space is \040.
        if directory in point.parents:
            _run("umount", "--lazy", str(point))


def fill(directory: Path) -> None:
    """Takes all the room that a mounted volume has left, until `free`."""
    with (directory / _BALLAST).open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:  # Until there is no space left on the device. The last write before that is short.
            ballast.write(bytes(_CHUNK))


def free(directory: Path) -> None:
    """Gives back the room that `fill` took."""
    (directory / _BALLAST).unlink(missing_ok=True)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={"PATH": search_path()}, capture_output=True, text=True, check=False)
