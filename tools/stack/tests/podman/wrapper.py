"""Ends what it runs as Bazel's process-wrapper does: wrapper.py COMMAND…

On SIGTERM it kills the process group with SIGKILL, and then all that is left of the command: as a child subreaper it has
become the parent of every daemon. (https://github.com/bazelbuild/bazel, src/main/tools/process-tools-linux.cc)
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def children() -> list[int]:
    """Those that are not zombies."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (directory / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == os.getpid() and state != "Z":
                    found.append(int(directory.name))
    return found


def main() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    command = subprocess.Popen(sys.argv[1:], start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(command.pid, signal.SIGKILL))
    code = command.wait()
    while left := children():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    sys.exit(code)


if __name__ == "__main__":
    main()
