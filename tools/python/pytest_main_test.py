"""The runner as Bazel starts it, on test modules written here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

_MAIN = Path(__file__).with_name("pytest_main.py")

_MODULE = """
async def test_first(): pass
def test_second(): pass
def test_third(): pass
"""


class Runner:
    """Starts the runner in a folder with one test module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.xml = folder / "test.xml"
        self.write(_MODULE)

    def write(self, module: str) -> None:
        (self._folder / "test_module.py").write_text(module)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TEST")}
        return subprocess.Popen(
            [sys.executable, _MAIN, "test_module.py"],
            cwd=self._folder,
            env=inherited
            | {"PYTHONPATH": os.pathsep.join(sys.path), "XML_OUTPUT_FILE": str(self.xml), "TEST_TARGET": "//a:test"}
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, **environment: str) -> int:
        process = self.start(**environment)
        process.communicate()
        return process.returncode

    def cases(self, condition: str = "") -> list[str]:
        """The names in the XML, of all cases or of those that an XPath predicate selects."""
        return [case.attrib["name"] for case in ElementTree.parse(self.xml).findall(f".//testcase{condition}")]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_every_case_is_in_the_xml_under_the_targets_name(runner: Runner) -> None:
    assert runner.run() == 0
    assert runner.cases() == ["test_first", "test_second", "test_third"]
    assert [suite.attrib["name"] for suite in ElementTree.parse(runner.xml).iter("testsuite")] == ["//a:test"]


def test_a_failure_fails_and_is_in_the_xml(runner: Runner) -> None:
    runner.write("def test_fails(): assert 1 == 2\ndef test_passes(): pass\n")
    assert runner.run() == 1
    assert runner.cases("[failure]") == ["test_fails"]


def test_a_filter_selects_cases(runner: Runner) -> None:
    assert runner.run(TESTBRIDGE_TEST_ONLY="second or third") == 0
    assert runner.cases() == ["test_second", "test_third"]


def test_a_filter_that_selects_nothing_fails(runner: Runner) -> None:
    assert runner.run(TESTBRIDGE_TEST_ONLY="fourth") == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_module_without_cases_fails(runner: Runner) -> None:
    runner.write("")
    assert runner.run() == pytest.ExitCode.NO_TESTS_COLLECTED


def test_shards_share_the_cases_and_say_that_they_do(runner: Runner, tmp_path: Path) -> None:
    status = tmp_path / "status"
    cases: list[str] = []
    for index in range(2):
        status.unlink(missing_ok=True)
        code = runner.run(TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX=str(index), TEST_SHARD_STATUS_FILE=str(status))
        assert code == 0
        assert status.exists()
        cases += runner.cases()
    assert sorted(cases) == ["test_first", "test_second", "test_third"]


def test_what_a_filter_leaves_is_shared_out(runner: Runner) -> None:
    cases: list[str] = []
    for index in range(3):
        shard = {"TEST_TOTAL_SHARDS": "3", "TEST_SHARD_INDEX": str(index)}
        assert runner.run(**shard, TESTBRIDGE_TEST_ONLY="second or third") == 0
        cases += runner.cases()
        assert runner.run(**shard, TESTBRIDGE_TEST_ONLY="fourth") == pytest.ExitCode.NO_TESTS_COLLECTED
    assert sorted(cases) == ["test_second", "test_third"]


def test_a_shard_without_cases_passes(runner: Runner) -> None:
    assert runner.run(TEST_TOTAL_SHARDS="4", TEST_SHARD_INDEX="3") == 0


def test_no_shard_of_a_module_without_cases_passes(runner: Runner) -> None:
    runner.write("")
    assert runner.run(TEST_TOTAL_SHARDS="4", TEST_SHARD_INDEX="3") == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_time_out_fails_the_case_that_it_meets_and_starts_no_other(runner: Runner, tmp_path: Path) -> None:
    started = tmp_path / "started"
    runner.write(
        "import asyncio, pathlib\n"
        "def test_first(): pass\n"
        f"async def test_endless():\n    pathlib.Path({str(started)!r}).touch()\n    await asyncio.sleep(60)\n"
        "def test_last(): pass\n"
    )
    process = runner.start()
    while not started.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 1
    assert runner.cases() == ["test_first", "test_endless"]
    assert runner.cases("[failure]") == ["test_endless"]
