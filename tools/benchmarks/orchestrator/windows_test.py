"""What loads came to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.benchmarks.orchestrator.windows import OTHERS, SERVICE, read, used_at
from tools.benchmarks.stacks.run import StackRun

_SAMPLES = {"times": [1.0, 2.0, 4.0], "cpu": [0.5, 1.5, 1.7]}


@pytest.mark.parametrize(
    ("time", "used"), [(1.0, 0.5), (1.5, 1.0), (2.0, 1.5), (3.0, 1.6), (4.0, 1.7), (9.0, 1.7), (0.0, 0.5)]
)
def test_what_was_used_at_a_time_lies_between_its_nearest_samples(time: float, used: float) -> None:
    assert used_at(_SAMPLES, time) == pytest.approx(used)


def test_loads_are_read_by_name_and_number(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs/tests"
    outputs.mkdir(parents=True)
    window = {"began": 1001.0, "ended": 1004.0, "count": 30, "duration_s": 0.5}
    for name in ("at_once-1", "at_once-16", "slow-4"):
        (outputs / f"{name}.json").write_text(json.dumps(window))
    series = dict.fromkeys((*SERVICE, *OTHERS), _SAMPLES)
    (tmp_path / "resources.json").write_text(json.dumps({"series": series}))
    loads = read(StackRun(tmp_path, 0.0, 0.0, {"began": "1970-01-01T00:16:40+00:00"}))
    assert {name: sorted(numbered) for name, numbered in loads.items()} == {"at_once": [1, 16], "slow": [4]}
    load = loads["at_once"][16]
    assert (load.steps_per_s, load.duration_s) == (10, 0.5)
    assert load.service_cpus == pytest.approx(len(SERVICE) * (1.7 - 0.5) / 3)
    assert load.all_cpus == pytest.approx(len([*SERVICE, *OTHERS]) * (1.7 - 0.5) / 3)
