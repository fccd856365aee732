"""What the kernel's control groups know of a container's memory and processor time (versions 1, hybrid and 2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """The files to read for one container. They are gone when it ends."""

    current: Path
    statistics: Path
    events: Path
    inactive_field: str
    anonymous_field: str

    @classmethod
    def of(cls, pid: int, root: Path = _ROOT, proc: Path = Path("/proc")) -> MemoryFiles | None:
        """For the container whose first process is `pid`; None when there is nothing to read."""
        version, base = _group(pid, "memory", root, proc)
        if version == 1:
            files = cls(
                base / "memory.usage_in_bytes",
                base / "memory.stat",
                base / "memory.oom_control",
                "total_inactive_file",
                "total_rss",
            )
        else:
            files = cls(base / "memory.current", base / "memory.stat", base / "memory.events", "inactive_file", "anon")
        return files if files.current.exists() else None

    def in_use(self) -> int:
        """Bytes in use now, without file cache that the kernel may drop (what `podman stats` shows)."""
        try:
            return max(0, int(self.current.read_text()) - _fields(self.statistics).get(self.inactive_field, 0))
        except (OSError, ValueError):
            return 0

    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed so far because the limit was reached."""
        try:
            return _fields(self.events).get("oom_kill", 0)
        except (OSError, ValueError):
            return 0

    def anonymous(self) -> int:
        """Bytes of memory that its processes have taken and that no file backs: their heaps and stacks."""
        try:
            return _fields(self.statistics)[self.anonymous_field]
        except (OSError, KeyError, ValueError):
            return 0


@dataclass(frozen=True, slots=True)
class CpuFile:
    """The file with the processor time that one container has used. It is gone when the container ends."""

    path: Path
    version: int

    @classmethod
    def of(cls, pid: int, root: Path = _ROOT, proc: Path = Path("/proc")) -> CpuFile | None:
        """For the container whose first process is `pid`; None when there is nothing to read."""
        version, base = _group(pid, "cpuacct", root, proc)
        file = cls(base / ("cpuacct.usage" if version == 1 else "cpu.stat"), version)
        return file if file.path.exists() else None

    def seconds(self) -> float:
        """Processor seconds used so far, of all processors together; 0 when the container has ended."""
        try:
            if self.version == 1:
                return int(self.path.read_text()) / 1e9
            return _fields(self.path)["usage_usec"] / 1e6
        except (OSError, KeyError, ValueError):
            return 0.0


def _group(pid: int, controller: str, root: Path, proc: Path) -> tuple[int, Path]:
    """Version and directory of the control group that a process is in, for one controller (cgroups(7))."""
    try:
        entries = [line.split(":", 2) for line in (proc / str(pid) / "cgroup").read_text().splitlines()]
    except OSError:
        return 2, root / "none"
    groups = {controllers: path.lstrip("/") for _, controllers, path in entries}
    for controllers, path in groups.items():
        if controller in controllers.split(","):
            return 1, root / controllers / path
    return 2, root / groups.get("", "none")


def _fields(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
