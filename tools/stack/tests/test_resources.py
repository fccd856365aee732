"""What containers take, as the kernel tells it."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from tools.stack.runner.reporting.cgroup import CpuFile, MemoryFiles
from tools.stack.runner.reporting.resources import ResourceWatch, Series

VERSIONS = {
    "1": (
        "4:memory:/a\n3:cpu,cpuacct:/a\n0::/\n",
        {
            "memory/a/memory.usage_in_bytes": "100\n",
            "memory/a/memory.stat": "total_inactive_file 30\ntotal_rss 20\n",
            "memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            "cpu,cpuacct/a/cpuacct.usage": "1500000000\n",
        },
    ),
    "2": (
        "0::/b\n",
        {
            "b/memory.current": "100\n",
            "b/memory.stat": "inactive_file 30\nanon 20\n",
            "b/memory.events": "low 0\noom 1\noom_kill 2\n",
            "b/cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
        },
    ),
}


@pytest.fixture(params=VERSIONS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file system of control groups, in which process 1 has a group."""
    membership, files = VERSIONS[request.param]
    for name, text in {"1/cgroup": membership, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_both_versions_of_cgroups_are_understood(root: Path) -> None:
    memory, cpu = MemoryFiles.of(1, root=root, proc=root), CpuFile.of(1, root=root, proc=root)
    assert memory is not None
    assert (memory.in_use(), memory.anonymous(), memory.oom_kills()) == (70, 20, 2)
    assert cpu is not None
    assert cpu.seconds() == 1.5


def test_of_a_container_that_has_ended_nothing_is_in_use(root: Path) -> None:
    memory, cpu = MemoryFiles.of(1, root=root, proc=root), CpuFile.of(1, root=root, proc=root)
    assert memory is not None
    assert cpu is not None
    for path in (memory.current, memory.events, cpu.path):
        path.unlink()
    assert (memory.in_use(), memory.oom_kills(), cpu.seconds()) == (0, 0, 0.0)
    assert MemoryFiles.of(2, root=root, proc=root) is None
    assert CpuFile.of(2, root=root, proc=root) is None


def test_this_machines_control_groups_are_read() -> None:
    cpu = CpuFile.of(os.getpid())
    assert cpu is None or cpu.seconds() > 0


def test_a_series_stays_small_and_spans_the_whole_run(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    now = 0.0
    watch = ResourceWatch(lambda: now, most=10)
    monkeypatch.setattr(MemoryFiles, "of", lambda _, of=MemoryFiles.of: of(1, root=root, proc=root))
    monkeypatch.setattr(CpuFile, "of", lambda _, of=CpuFile.of: of(1, root=root, proc=root))
    watch.add("web", 1)
    for step in range(1000):
        now = float(step)
        watch.sample()
    times = watch.series["web"].times
    assert 5 <= len(times) <= 10
    assert times[0] == 0
    assert times[-1] >= 800
    assert len({after - before for before, after in pairwise(times)}) == 1
    assert (watch.peaks, watch.total_peak, watch.oom_kills) == ({"web": 70}, 70, {"web": 2})


def test_busy_processors_are_time_used_over_time_passed_also_across_a_restart() -> None:
    series = Series(times=[0, 2, 4, 6], memory=[0] * 4, cpu=[0.0, 3.0, 0.5, 2.5])
    assert series.busy_cpus() == [(2, 1.5), (4, 0.0), (6, 1.0)]
