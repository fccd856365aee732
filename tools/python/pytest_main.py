"""Runs pytest as a Bazel test: https://bazel.build/reference/test-encyclopedia."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest


class Shard:
    """Keeps every n-th case, so that each shard has its share of each module."""

    def __init__(self, index: int, total: int) -> None:
        self._index = index
        self._total = total
        self.empty = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept = items[self._index :: self._total]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        self.empty = bool(items) and not kept
        items[:] = kept


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
    environment = dict(os.environ)
    if status := environment.get("TEST_SHARD_STATUS_FILE"):
        Path(status).touch()
    shard = Shard(int(environment.get("TEST_SHARD_INDEX", "0")), max(1, int(environment.get("TEST_TOTAL_SHARDS", "1"))))
    code = pytest.main([*_options(environment), *arguments], plugins=[shard, TimeOut()])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED and shard.empty else int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
