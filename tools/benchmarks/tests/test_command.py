"""The command line: what is printed, what is written, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.benchmarks.core.benchmark import Benchmark, Claim, LeftOut
from tools.benchmarks.core.command import main
from tools.benchmarks.tests.samples import TIME, variant


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)


def named(name: str, *answers: float | Exception) -> Benchmark:
    claims = [Claim("time", ours="ours", at_most=9)]
    ours = variant("ours", *answers)
    return Benchmark(name, f"About {name}", [TIME], [ours], claims, rounds=3, short_rounds=2)


def test_it_prints_a_table_and_writes_json_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([named("start", 4.0, 5.0, 6.5)], ["--rounds=3", "--output=out"]) == 0
    written = json.loads((tmp_path / "out/benchmarks.json").read_text())
    assert written["machine"].keys() == {"cores", "memory", "cpu", "kernel"}
    (benchmark,) = written["benchmarks"]
    (ours,) = benchmark["variants"]
    assert ours["metrics"]["time"] == {"median": 5.0, "low": 4.0, "high": 6.5, "values": [4.0, 5.0, 6.5]}
    (claim,) = benchmark["claims"]
    assert (claim["judgement"], claim["value"]["median"], claim["at_most"]) == ("met", 5.0, 9)
    assert "About start" in (tmp_path / "out/benchmarks.html").read_text()
    printed = capsys.readouterr().out
    assert "5.00 s" in printed
    assert "4.00..6.50" in printed
    assert "met: " in printed


def test_all_of_several_are_in_one_page(tmp_path: Path) -> None:
    assert main([named("one", 1.0), named("two", 2.0)], ["--rounds=1"]) == 0
    written = json.loads((tmp_path / "benchmark-results/benchmarks.json").read_text())
    assert [benchmark["name"] for benchmark in written["benchmarks"]] == ["one", "two"]


def test_a_failure_makes_it_fail_after_the_rest_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([named("one", OSError("it broke")), named("two", 2.0)], ["--rounds=1"]) == 1
    written = json.loads((tmp_path / "benchmark-results/benchmarks.json").read_text())
    assert written["benchmarks"][0]["variants"][0]["failures"] == ["it broke"]
    assert written["benchmarks"][1]["variants"][0]["metrics"]["time"]["median"] == 2.0
    assert "not judged: " in capsys.readouterr().out


def test_what_is_left_out_does_not_make_it_fail() -> None:
    assert main([named("one", LeftOut("no criu"))], ["--rounds=1", "--strict"]) == 0


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--strict"], 1)])
def test_a_claim_that_is_missed_makes_it_fail_where_that_is_asked_for(options: list[str], status: int) -> None:
    assert main([named("one", 10.0)], ["--rounds=1", *options]) == status


@pytest.mark.parametrize(("options", "count"), [([], 3), (["--short"], 2), (["--short", "--rounds=1"], 1)])
def test_how_often_it_measures(tmp_path: Path, options: list[str], count: int) -> None:
    main([named("one", 1.0, 2.0, 3.0)], options)
    written = json.loads((tmp_path / "benchmark-results/benchmarks.json").read_text())
    assert len(written["benchmarks"][0]["variants"][0]["metrics"]["time"]["values"]) == count
    assert written["short"] == ("--short" in options)


def test_one_of_several_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = [named("one", 1.0), named("two", 2.0)]
    assert main(several, ["--rounds=1", "--only=two"]) == 0
    written = json.loads((tmp_path / "benchmark-results/benchmarks.json").read_text())
    assert [benchmark["name"] for benchmark in written["benchmarks"]] == ["two"]
    assert main(several, ["--only=three"]) == 2
    assert "three" in capsys.readouterr().err


@pytest.mark.parametrize("rounds", ["0", "-1", "many"])
def test_a_number_of_rounds_is_wanted(rounds: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([named("one", 1.0)], [f"--rounds={rounds}"])
    assert ended.value.code == 2


def test_help_names_the_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([named("start", 1.0)], ["--help"])
    assert "About start" in capsys.readouterr().out
