"""What the kernel's control groups know of a container's memory (versions 1, hybrid and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """The files to read for one container. They are gone when it ends."""

    current: Path
    statistics: Path
    inactive_field: str
    anonymous_field: str

    @classmethod
    def of(cls, pid: int, root: Path = _ROOT, proc: Path = Path("/proc")) -> MemoryFiles | None:
        """For the container whose first process is `pid`; None when there is nothing to read."""
        try:
            entries = [line.split(":", 2) for line in (proc / str(pid) / "cgroup").read_text().splitlines()]
        except OSError:
            return None
        groups: Mapping[str, str] = {controllers: path for _, controllers, path in entries}
        if "memory" in groups:
            base = root / "memory" / groups["memory"].lstrip("/")
            files = cls(base / "memory.usage_in_bytes", base / "memory.stat", "total_inactive_file", "total_rss")
        else:
            base = root / groups.get("", "").lstrip("/")
            files = cls(base / "memory.current", base / "memory.stat", "inactive_file", "anon")
        return files if files.current.exists() else None

    def in_use(self) -> int:
        """Bytes in use now, without file cache that the kernel may drop (what `podman stats` shows)."""
        try:
            statistics = dict(line.split() for line in self.statistics.read_text().splitlines())
            return max(0, int(self.current.read_text()) - int(statistics.get(self.inactive_field, 0)))
        except (OSError, ValueError):
            return 0

    def anonymous(self) -> int:
        """Bytes of memory that its processes have taken and that no file backs: their heaps and stacks."""
        try:
            statistics = dict(line.split() for line in self.statistics.read_text().splitlines())
            return int(statistics[self.anonymous_field])
        except (OSError, KeyError, ValueError):
            return 0


class MemoryWatch:
    """The most memory in use at once, by each container and by all together, as sampled."""

    def __init__(self) -> None:
        self._files: dict[str, MemoryFiles] = {}
        self.peaks: dict[str, int] = {}
        self.total_peak = 0

    def add(self, name: str, pid: int) -> None:
        files = MemoryFiles.of(pid)
        if files:
            self._files[name] = files

    def sample(self) -> None:
        now = {name: files.in_use() for name, files in self._files.items()}
        for name, value in now.items():
            self.peaks[name] = max(value, self.peaks.get(name, 0))
        self.total_peak = max(self.total_peak, sum(now.values()))
