"""The verdict on the tests: XML and exit code together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.stack.runner.commands.bazel_test import Shard
from tools.stack.runner.commands.verdict import judge
from tools.stack.runner.errors import Exit, NoTestsError, ServiceExitedError, StackError, TestsFailedError
from tools.stack.runner.reporting import junit

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


def test_cases_follow_each_other_up_to_the_end_of_their_suite(tmp_path: Path) -> None:
    xml = tmp_path / "x"
    xml.write_text(
        '<testsuite timestamp="2026-01-01T00:00:00+00:00" time="10">'
        '<testcase classname="m" name="a" time="2"/><testcase classname="m" name="b" time="3"/></testsuite>'
    )
    start = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert [case.began for case in junit.read(xml)] == [start + 5, start + 7]


@pytest.mark.parametrize("attributes", ['time="10"', 'timestamp="2026-01-01T00:00:00" time="1"', 'timestamp="soon"'])
def test_where_the_beginning_of_a_case_cannot_be_known_it_is_not_guessed(tmp_path: Path, attributes: str) -> None:
    (tmp_path / "x").write_text(f'<testsuite {attributes}><testcase name="a" time="2"/></testsuite>')
    assert junit.read(tmp_path / "x")[0].began is None


def test_a_failure_has_its_message_on_one_line_and_its_details(tmp_path: Path) -> None:
    case = '<testcase name="a"><failure message="assert 1\n == 2">the traceback</failure></testcase>'
    (read,) = junit.read(write(tmp_path / "x", case))
    assert (read.message, read.details) == ("assert 1 == 2", "the traceback")


def test_a_module_that_cannot_be_imported_has_the_error_as_its_reason(tmp_path: Path) -> None:
    details = "e2e/test_a.py:3: in &lt;module&gt;\n    import b\nE   ModuleNotFoundError: No module named 'b'"
    case = f'<testcase classname="" name="e2e.test_a"><error message="collection failure">{details}</error></testcase>'
    (read,) = junit.read(write(tmp_path / "x", case))
    assert (read.name, read.reason) == ("e2e.test_a", "ModuleNotFoundError: No module named 'b'")


@pytest.mark.parametrize("text", [None, "", "<testsuite>", '<testsuite><testcase time="x"/></testsuite>'])
def test_what_cannot_be_read_has_no_cases_for_those_who_only_look(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "x").write_text(text)
    assert junit.read_leniently(tmp_path / "x") == []


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
        (ended(2), (ERROR,), TestsFailedError),  # A module that cannot be imported ends the run.
        (ended(2), (PASSED,), ServiceExitedError),
        (ended(2, oom_killed=True), (ERROR,), ServiceExitedError),
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


@pytest.mark.parametrize("cases", [(), (SKIPPED,), (PASSED,)])
def test_a_shard_may_have_nothing_to_do(tmp_path: Path, cases: tuple[str, ...]) -> None:
    judge(ended(0), write(tmp_path / "x", *cases), "", Shard(0, 2))


@pytest.mark.parametrize(
    ("exit", "cases", "error"),
    [
        (ended(5), (), NoTestsError),  # the plugin knows that no other shard has one either
        (ended(0), None, NoTestsError),
        (ended(1), (FAILED,), TestsFailedError),
        (ended(139), (), ServiceExitedError),
    ],
)
def test_a_shard_fails_like_any_test(
    tmp_path: Path, exit: Exit, cases: tuple[str, ...] | None, error: type[StackError]
) -> None:
    xml = tmp_path / "x" if cases is None else write(tmp_path / "x", *cases)
    with pytest.raises(error):
        judge(exit, xml, "", Shard(0, 2))
