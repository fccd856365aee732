"""Memory and processor time of each container over time, sampled while a stack runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tools.stack.runner.reporting.cgroup import CpuFile, MemoryFiles

MOST_SAMPLES = 600


@dataclass(slots=True)
class Series:
    """Samples of one container, oldest first: seconds since the run's start, bytes, processor seconds used so far.

    The processor time begins again at 0 when the container is started again.
    """

    times: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def busy_cpus(self) -> list[tuple[float, float]]:
        """Time and how many processors were busy, on average, since the sample before."""
        pairs = pairwise(zip(self.times, self.cpu, strict=True))
        return [(t1, max(0.0, used1 - used0) / (t1 - t0)) for (t0, used0), (t1, used1) in pairs if t1 > t0]

    def used_cpu(self) -> float:
        """Processor seconds that were used in all."""
        return sum(after - before for before, after in pairwise([0.0, *self.cpu]) if after > before)

    def halve(self) -> None:
        """Drops every second sample."""
        for values in (self.times, self.memory, self.cpu):
            del values[1::2]


@dataclass(frozen=True, slots=True)
class _Files:
    memory: MemoryFiles | None
    cpu: CpuFile | None


class ResourceWatch:
    """What containers take, as sampled: last, the most at once, and a series that stays small however long the run is."""

    def __init__(self, clock: Callable[[], float], most: int = MOST_SAMPLES) -> None:
        """`clock` is the timeline's; a series has at most `most` samples, ever further apart."""
        self._clock, self._most = clock, most
        self._files: dict[str, _Files] = {}
        self._calls, self._stride = 0, 1
        self.series: dict[str, Series] = {}
        self.in_use: dict[str, int] = {}
        self.peaks: dict[str, int] = {}
        self.oom_kills: dict[str, int] = {}
        self.total_peak = 0

    def add(self, name: str, pid: int) -> None:
        """Watches the container whose first process is `pid`, from now on, as `name`."""
        self._files[name] = _Files(MemoryFiles.of(pid), CpuFile.of(pid))
        self.series.setdefault(name, Series())

    def sample(self) -> None:
        """Reads what all containers take now."""
        now, total = self._clock(), 0
        keep = self._calls % self._stride == 0
        self._calls += 1
        for name, files in self._files.items():
            memory = files.memory.in_use() if files.memory else 0
            total += memory
            self.in_use[name] = memory
            self.peaks[name] = max(memory, self.peaks.get(name, 0))
            self.oom_kills_of(name)
            if keep:
                series = self.series[name]
                series.times.append(round(now, 2))
                series.memory.append(memory)
                series.cpu.append(round(files.cpu.seconds() if files.cpu else 0.0, 3))
        self.total_peak = max(self.total_peak, total)
        if keep and any(len(series.times) > self._most for series in self.series.values()):
            self._stride *= 2
            for series in self.series.values():
                series.halve()

    def oom_kills_of(self, name: str) -> int:
        """How many processes of a container the kernel has killed at its memory limit so far."""
        files = self._files.get(name)
        now = files.memory.oom_kills() if files and files.memory else 0
        self.oom_kills[name] = max(now, self.oom_kills.get(name, 0))
        return self.oom_kills[name]

    def document(self) -> dict[str, Any]:
        """For resources.json."""
        return {
            "units": {"times": "s since the run's start", "memory": "bytes", "cpu": "processor seconds so far"},
            "total_peak_bytes": self.total_peak,
            "peak_bytes": self.peaks,
            "oom_kills": self.oom_kills,
            "series": {
                name: {"times": series.times, "memory": series.memory, "cpu": series.cpu}
                for name, series in self.series.items()
            },
        }
