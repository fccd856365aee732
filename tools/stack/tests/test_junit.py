"""The verdict on the tests: XML and exit code together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner import junit
from tools.stack.runner.errors import Exit, NoTestsError, ServiceExitedError, StackError, TestsFailedError
from tools.stack.runner.testing import filter_arguments, judge

PASSED = '<testcase classname="m" name="a" time="1.5"/>'
FAILED = '<testcase classname="m" name="b"><failure message="no"/></testcase>'
ERROR = '<testcase classname="m" name="c"><error message="no"/></testcase>'
SKIPPED = '<testcase classname="m" name="d"><skipped/></testcase>'


def write(path: Path, *cases: str) -> Path:
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return path


def ended(code: int, oom_killed: bool = False) -> Exit:
    return Exit(code, oom_killed, after=1.0)


def test_cases_have_name_outcome_and_time(tmp_path: Path) -> None:
    cases = junit.read(write(tmp_path / "x", PASSED, FAILED, ERROR, SKIPPED))
    assert [case.outcome for case in cases] == ["passed", "failed", "error", "skipped"]
    assert cases[0] == junit.Case("m::a", "passed", 1.5)


@pytest.mark.parametrize(
    "text", [None, "", "<testsuites/>", "<testsuites><testsuite>", f"<testsuite>{SKIPPED}</testsuite>"]
)
def test_xml_that_shows_no_test_that_ran_is_a_failure(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "x").write_text(text)
    with pytest.raises(NoTestsError):
        junit.read(tmp_path / "x")


def test_tests_pass_when_xml_and_exit_code_say_so(tmp_path: Path) -> None:
    assert judge(ended(0), write(tmp_path / "x", PASSED, SKIPPED), "")


@pytest.mark.parametrize(
    ("exit", "cases", "error"),
    [
        (ended(1), (PASSED, FAILED), TestsFailedError),
        (ended(0), (PASSED, FAILED), TestsFailedError),  # A wrapper swallowed the exit code.
        (ended(1), (PASSED,), TestsFailedError),  # The XML is of an earlier moment.
        (ended(1), (PASSED, ERROR), TestsFailedError),
        (ended(5), (), NoTestsError),
        (ended(0), (), NoTestsError),
        (ended(4), (PASSED,), ServiceExitedError),  # pytest's usage error
        (ended(139), (PASSED,), ServiceExitedError),
        (ended(137, oom_killed=True), (PASSED,), ServiceExitedError),
        (ended(0, oom_killed=True), (PASSED,), ServiceExitedError),
    ],
)
def test_any_other_end_is_a_failure(
    tmp_path: Path, exit: Exit, cases: tuple[str, ...], error: type[StackError]
) -> None:
    with pytest.raises(error):
        judge(exit, write(tmp_path / "x", *cases), "")


@pytest.mark.parametrize(
    ("expression", "arguments"),
    [
        ("", []),
        ("test_a or test_b", ["-k", "test_a or test_b"]),
        ("e2e/test_a.py::test_b", ["-k", "test_a.py and test_b"]),
        ("test_a.py::TestC::test_b[x]", ["-k", "test_a.py and TestC and test_b[x]"]),
    ],
)
def test_bazels_filter_becomes_pytests(expression: str, arguments: list[str]) -> None:
    assert filter_arguments(expression) == arguments
