"""What a load came to: steps, and the processor time that each part of the stack took for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.benchmarks.stacks.run import StackRun

# The parts whose processor time is the service's own. The model server stands for a GPU, and the tests' container is the
# caller.
SERVICE = ("nats", "orchestrator", "ray-head", "ray-worker", "redis")
OTHERS = ("tests", "vllm")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One load: steps a second, seconds that a deliberation took, and processors that were busy, by part of the stack."""

    steps_per_s: float
    duration_s: float
    cpus: Mapping[str, float]

    @property
    def service_cpus(self) -> float:
        """Processors that the service took."""
        return sum(self.cpus[name] for name in SERVICE)

    @property
    def all_cpus(self) -> float:
        """Processors that everything took."""
        return sum(self.cpus.values())


def read(run: StackRun) -> dict[str, dict[int, Loaded]]:
    """All loads of a run, by name and number."""
    series = json.loads((run.outputs / "resources.json").read_text())["series"]
    loads: dict[str, dict[int, Loaded]] = {}
    for file in sorted((run.outputs / "outputs/tests").glob("*-*.json")):
        name, _, number = file.stem.partition("-")
        loads.setdefault(name, {})[int(number)] = _loaded(json.loads(file.read_text()), series, run.began)
    return loads


def _loaded(window: Mapping[str, float], series: Mapping[str, Any], zero: float) -> Loaded:
    began, ended = window["began"] - zero, window["ended"] - zero
    cpus = {
        name: (used_at(series[name], ended) - used_at(series[name], began)) / (ended - began)
        for name in (*SERVICE, *OTHERS)
    }
    return Loaded(window["count"] / (ended - began), window["duration_s"], cpus)


def used_at(samples: Mapping[str, Sequence[float]], time: float) -> float:
    """Processor seconds that a container had used by then, between its two nearest samples."""
    times, used = samples["times"], samples["cpu"]
    after = next((index for index, at in enumerate(times) if at >= time), len(times) - 1)
    before = max(after - 1, 0)
    span = times[after] - times[before]
    share = min(max((time - times[before]) / span, 0.0), 1.0) if span else 1.0
    return used[before] + share * (used[after] - used[before])
