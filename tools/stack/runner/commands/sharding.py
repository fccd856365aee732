"""Bazel's sharding, kept to inside the container of the tests.

pytest collects and runs in one process there, so it is pytest that has to leave the other shards' cases out: it is given
a plugin. The container also has Bazel's variables, for tests that are another program than pytest.
"""

from __future__ import annotations

from pathlib import Path

from tools.stack.runner.commands.bazel_test import Shard
from tools.stack.runner.errors import ShardingIgnoredError

PLUGIN = "pytest_shard"
_STATUS = "shard"


def variables(shard: Shard, results: str) -> dict[str, str]:
    """By which the tests know their share; `results` is a directory in the container that it can write to."""
    return {
        "TEST_SHARD_INDEX": str(shard.index),
        "TEST_SHARD_STATUS_FILE": f"{results}/{_STATUS}",
        "TEST_TOTAL_SHARDS": str(shard.total),
    }


def check(shard: Shard | None, results: Path) -> None:
    """Raises ShardingIgnoredError when the tests, which have ended, ran as if there were no shards."""
    if shard and not (results / _STATUS).exists():
        raise ShardingIgnoredError(
            f"the tests take no notice of sharding, so that each of the {shard.total} shards runs all of them:"
            " their image's entry point has to be pytest, or to touch the file that TEST_SHARD_STATUS_FILE names"
        )
