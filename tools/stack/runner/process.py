"""Identity of processes, safe against reuse of process ids."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_START_TIME_FIELD = 19  # proc(5): field 22 of /proc/PID/stat, counted after "PID (comm) ".


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process id, the time it started (clock ticks since boot) and the inode of its pid namespace."""

    pid: int
    start: int
    namespace: int

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """The process that has `pid` now. Raises ProcessLookupError when there is none."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            namespace = Path(f"/proc/{pid}/ns/pid").stat().st_ino
        except (FileNotFoundError, ProcessLookupError):
            raise ProcessLookupError(pid) from None
        fields = stat.rpartition(")")[2].split()
        return cls(pid, int(fields[_START_TIME_FIELD]), namespace)

    @classmethod
    def current(cls) -> ProcessIdentity:
        return cls.of(os.getpid())

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity:
        """The inverse of `str()`. Raises ValueError."""
        pid, start, namespace = (int(part) for part in text.split(":"))
        return cls(pid, start, namespace)

    def __str__(self) -> str:
        return f"{self.pid}:{self.start}:{self.namespace}"

    def is_here(self) -> bool:
        """Whether it is of this process's pid namespace; if not, its id is another process's here, or nobody's."""
        return self.namespace == ProcessIdentity.current().namespace

    def is_alive(self) -> bool:
        """False when that very process has ended.

        A process of another pid namespace can't be judged from here, and counts as alive; it can't be sent a signal.
        """
        if not self.is_here():
            return True
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat[0] not in "ZX" and int(stat[_START_TIME_FIELD]) == self.start


def processes_with_environment(entry: str) -> Iterator[tuple[int, str]]:
    """Process id and short name of each process whose initial environment has `entry` ("NAME=value")."""
    wanted = entry.encode()
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                yield int(directory.name), (directory / "comm").read_text().strip()
        except OSError:
            continue  # It ended meanwhile, or it is somebody else's.
