"""Runs side by side, and the parts of one: --runs_per_test, shards, --test_filter, attempts."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tools.stack.tests.podman.harness import Ending, Harness

CASES = """
import os

def test_other(): pass
def test_first(): pass
class TestSome:
    def test_second(self): pass
def test_third():
    assert "MORE" in os.environ["PYTHONPATH"]
"""


def test_containers_reach_each_other_and_nothing_else(harness: Harness) -> None:
    checks = [
        "reach:192.0.2.1",
        "reach:1.1.1.1",
        "refuse:/etc/new",
        "refuse:/actor.py",
        "write:/tmp/new",
        "write:/data/new",
    ]
    peer = harness.web("peer", "get:http://web:8000/", *checks, needs=["web"], tmpfs=["/data"])
    ended = harness.test(harness.web(), peer, tests=["get:http://peer:8000/", *checks[:4], "cases:passed"])
    assert ended.code == 0, ended.error


def test_four_runs_two_at_a_time_do_not_meet(harness: Harness) -> None:
    """What --runs_per_test=4 --local_test_jobs=2 does; each run has a directory of its own from Bazel, too."""
    manifest = harness.manifest(harness.web(), tests=["get:http://web:8000/", "sleep:0.5", "cases:passed"])

    def run(number: int) -> Ending:
        directory = harness.directory / str(number)
        directory.mkdir()
        return harness.start("test", manifest, TEST_TMPDIR=str(directory)).end()

    with ThreadPoolExecutor(max_workers=2) as jobs:
        endings = list(jobs.map(run, range(4)))
    assert [ending.code for ending in endings] == [0] * 4, [ending.diagnosis for ending in endings]


def test_an_attempt_starts_from_nothing(harness: Harness) -> None:
    """As with --flaky_test_attempts: the first fails and leaves its volume, which the second must not see."""
    tests = ["absent:/data/here", "write:/data/here", "cases:passed"]
    volume = harness.service("tests", *tests, volumes=["/data"])
    manifest = harness.manifest(tests=volume)
    assert [harness.start("test", manifest).end().code for _ in range(2)] == [0, 0]


def test_the_filter_and_further_arguments_reach_pytest(harness: Harness) -> None:
    manifest = harness.manifest(tests=["cases:passed"])
    ended = harness.start("test", manifest, "-x", TESTBRIDGE_TEST_ONLY="test_a.py::test_b").end()
    given = [line.removeprefix("given ") for line in ended.output.splitlines() if line.startswith("given ")]
    assert given[1:] == ["-k", "test_a.py and test_b", "-x"]


def pytest_tests(harness: Harness, **attributes: Any) -> Path:
    """A manifest whose tests are CASES, run by a real pytest."""
    module = harness.directory / "test_cases.py"
    module.write_text(CASES)
    tests = {
        "name": "tests",
        "image": str(Path(os.environ["STACK_PYTEST"]).resolve()),
        "args": ["/tests"],
        "env": {"PYTHONPATH": "/MORE"},
        "mounts": [{"source": str(module), "target": "/tests/test_cases.py"}],
    }
    return harness.manifest(tests={**tests, **attributes})


def shard(harness: Harness, manifest: Path, index: int, total: int, **environment: str) -> tuple[int, list[str]]:
    """Exit code of one shard, and the cases that it ran."""
    status, xml = harness.directory / f"status{index}", harness.directory / f"{index}.xml"
    ending = harness.start(
        "test",
        manifest,
        TEST_TOTAL_SHARDS=str(total),
        TEST_SHARD_INDEX=str(index),
        TEST_SHARD_STATUS_FILE=str(status),
        XML_OUTPUT_FILE=str(xml),
        **environment,
    ).end()
    assert status.exists()
    return ending.code, [case.attrib["name"] for case in ElementTree.parse(xml).iter("testcase")]


def test_shards_run_each_case_once(harness: Harness) -> None:
    """Of three cases that the filter leaves, in four shards: one has none, and passes."""
    manifest = pytest_tests(harness)
    filtered = {"TESTBRIDGE_TEST_ONLY": "first or second or third"}
    with ThreadPoolExecutor(max_workers=2) as jobs:
        ended = list(jobs.map(lambda index: shard(harness, manifest, index, 4, **filtered), range(4)))
    assert [code for code, _ in ended] == [0] * 4
    assert sorted(len(cases) for _, cases in ended) == [0, 1, 1, 1]
    assert sorted(case for _, cases in ended for case in cases) == ["test_first", "test_second", "test_third"]


def test_a_shard_fails_where_no_shard_has_a_case(harness: Harness) -> None:
    assert shard(harness, pytest_tests(harness), 1, 2, TESTBRIDGE_TEST_ONLY="absent")[0] == 1


def test_tests_that_take_no_notice_of_shards_fail(harness: Harness) -> None:
    ended = harness.test(harness.web(), TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX="0")
    assert ended.code == 1
    assert "2 shards" in ended.diagnosis
