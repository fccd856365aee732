import dataclasses
import json
import os
from pathlib import Path

from e2e.faults.show import show
from e2e.faults.table import FILE, Row

OUTPUTS = "test.outputs/outputs/tests"


def leave(folder: Path, *scenarios: str, at: float) -> None:
    """What a run of some scenarios, that ended `at` a time, left."""
    (folder / OUTPUTS).mkdir(parents=True)
    found = [dataclasses.asdict(Row(name, 40, 40, 0, {}, 240, 0, 0, 0.0, 4.0)) for name in scenarios]
    (folder / OUTPUTS / FILE).write_text(json.dumps(found))
    os.utime(folder / OUTPUTS / FILE, (at, at))


def names(shown: str) -> list[str]:
    return [line.split()[0] for line in shown.splitlines()[1:]]


def test_the_shards_of_the_last_run_are_one_table(tmp_path: Path) -> None:
    leave(tmp_path / "faults/shard_1_of_2", "kill", "freeze", at=300)
    leave(tmp_path / "faults/shard_2_of_2", "cut", at=200)
    leave(tmp_path / "faults/shard_1_of_3", "older", at=100)
    leave(tmp_path / "faults", "oldest", at=50)
    assert names(show(tmp_path)) == ["kill", "freeze", "cut"]


def test_a_run_without_shards_is_taken_as_well(tmp_path: Path) -> None:
    leave(tmp_path / "faults/shard_1_of_2", "older", at=100)
    leave(tmp_path / "faults", "kill", "cut", at=200)
    assert names(show(tmp_path)) == ["kill", "cut"]


def test_figures_follow_the_table(tmp_path: Path) -> None:
    leave(tmp_path / "faults", "kill", at=1)
    (tmp_path / "load" / OUTPUTS).mkdir(parents=True)
    for name in ("load", "latency"):
        (tmp_path / "load" / OUTPUTS / f"{name}.txt").write_text(f"{name} is fine\n")
    *_, blank, latency, _, load = ["", *show(tmp_path).splitlines()]
    assert (blank, latency, load) == ("", "latency is fine", "load is fine")


def test_where_nothing_ran_there_is_nothing(tmp_path: Path) -> None:
    assert not show(tmp_path)
