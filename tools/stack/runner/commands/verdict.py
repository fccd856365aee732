"""What the end of the tests' container means."""

from __future__ import annotations

from pathlib import Path

from tools.stack.runner.commands.bazel_test import Shard
from tools.stack.runner.errors import Exit, NoTestsError, ServiceExitedError, TestsFailedError
from tools.stack.runner.reporting import diagnosis, junit

_PYTEST_TESTS_FAILED = 1
_PYTEST_INTERRUPTED = 2
_PYTEST_NO_TESTS = 5


def judge(exit: Exit, xml: Path, last_line: str, shard: Shard | None = None) -> list[junit.Case]:
    """The cases that ran, all of which passed. Raises StackError for any other end of the tests' container.

    A shard may have no case, or skip all that it has: others have some. pytest, which knows of them, ends with 5
    where there are none at all. Neither the exit code nor the XML is believed alone: a crash can leave a good XML of an earlier moment, and a
    wrapper can swallow the code.
    """
    if exit.code == _PYTEST_NO_TESTS and not exit.oom_killed:
        raise NoTestsError("no test ran: pytest found none that was asked for")
    crash = ServiceExitedError("tests", exit, diagnosis.exited("tests", exit, None, last_line))
    if exit.oom_killed or exit.code not in (0, _PYTEST_TESTS_FAILED, _PYTEST_INTERRUPTED):
        raise crash
    found = junit.read_leniently(xml)
    if any(case.failed for case in found):
        raise TestsFailedError(diagnosis.failed(found))
    if exit.code == _PYTEST_INTERRUPTED:  # It has this code also when a module could not be imported.
        raise crash
    cases = junit.read(xml, at_least_one=shard is None)
    if exit.code:
        raise TestsFailedError(f"pytest ended with {exit.code} although no case of its XML failed; log: {last_line}")
    return cases
