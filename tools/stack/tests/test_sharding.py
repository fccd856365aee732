"""What the tests of a shard are told. That shards share cases out is in podman/test_isolation.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner.commands import sharding
from tools.stack.runner.commands.bazel_test import Shard
from tools.stack.runner.errors import ShardingIgnoredError


def test_the_tests_are_told_their_share() -> None:
    variables = sharding.variables(Shard(1, 3), "/results")
    assert (variables["TEST_SHARD_INDEX"], variables["TEST_TOTAL_SHARDS"]) == ("1", "3")


def test_tests_that_run_all_cases_in_each_shard_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(ShardingIgnoredError, match="TEST_SHARD_STATUS_FILE"):
        sharding.check(Shard(0, 2), tmp_path)
    sharding.check(None, tmp_path)


def test_tests_that_made_the_file_keep_to_it(tmp_path: Path) -> None:
    status = sharding.variables(Shard(0, 2), "/results")["TEST_SHARD_STATUS_FILE"]
    (tmp_path / Path(status).relative_to("/results")).touch()
    sharding.check(Shard(0, 2), tmp_path)
