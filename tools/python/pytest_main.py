"""Runs pytest as a Bazel test: https://bazel.build/reference/test-encyclopedia."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest

from tools.python import pytest_shard


class TimeOut:
    """Makes SIGTERM, with which Bazel announces a time-out, a failure of the case that it meets.

    pytest then ends as it always does, with fixtures torn down and every case so far in the XML.
    """

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        def fail(_signal: int, _frame: FrameType | None) -> None:
            session.shouldfail = reason = "the time that Bazel allows is over"
            pytest.fail(reason)

        signal.signal(signal.SIGTERM, fail)


def _options(environment: dict[str, str]) -> list[str]:
    options = ["-c", str(Path(__file__).with_name("pytest.ini")), f"--rootdir={Path.cwd()}"]
    if xml := environment.get("XML_OUTPUT_FILE"):
        options += [f"--junit-xml={xml}", "-o", f"junit_suite_name={environment.get('TEST_TARGET', 'pytest')}"]
    if folder := environment.get("TEST_TMPDIR"):
        options.append(f"--basetemp={folder}/pytest")
    if expression := environment.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", expression]
    return options


def main(arguments: list[str]) -> int:
    return int(pytest.main([*_options(dict(os.environ)), *arguments], plugins=[pytest_shard, TimeOut()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
