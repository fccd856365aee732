"""A plugin for pytest that does Bazel's sharding: together the shards of a test run each case once.

https://bazel.build/reference/test-encyclopedia#test-sharding. It needs nothing else of this repository: tools/stack
mounts it, alone, into the containers of tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_EMPTY = pytest.StashKey[bool]()


def pytest_configure() -> None:
    """Tells Bazel, which cannot see it otherwise, that the cases are shared out."""
    if status := os.environ.get("TEST_SHARD_STATUS_FILE"):
        Path(status).touch()


@pytest.hookimpl(trylast=True)  # What -k and -m have left is shared out: what they drop would leave some shards idle.
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps every n-th case, so that each shard has its share of each module."""
    index, total = int(os.environ.get("TEST_SHARD_INDEX", "0")), max(1, int(os.environ.get("TEST_TOTAL_SHARDS", "1")))
    kept = items[index::total]
    config.stash[_EMPTY] = bool(items) and not kept
    config.hook.pytest_deselected(items=[item for number, item in enumerate(items) if number % total != index])
    items[:] = kept


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A shard for which no case is left has passed; where there are none at all, every shard fails."""
    if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(_EMPTY, False):
        session.exitstatus = pytest.ExitCode.OK
