"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """`cores` is how many this program may use; `memory` is in bytes, of the whole machine."""

    cores: int
    memory: int
    cpu: str
    kernel: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that this runs on."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        cpu = cpu_model(Path("/proc/cpuinfo").read_text())
        return cls(len(os.sched_getaffinity(0)), memory, cpu, platform.release())


def cpu_model(cpuinfo: str) -> str:
    """The model's name in the text of /proc/cpuinfo, or "unknown"."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return "unknown"


def commit(workspace: Path) -> str:
    """The commit that is checked out, with "+" where files differ from it; "unknown" where git can't say."""
    try:
        head = _git(workspace, "rev-parse", "--short=12", "HEAD")
        return f"{head}+" if _git(workspace, "status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(workspace: Path, *arguments: str) -> str:
    # Whoever runs this may not own the checkout.
    command = ["git", "-c", f"safe.directory={workspace}", "-C", str(workspace), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
