"""What the tests' container of a shard is given. That shards share cases out is in podman/test_isolation.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner.commands import sharding
from tools.stack.runner.commands.bazel_test import Shard
from tools.stack.runner.engine.container import Extra
from tools.stack.runner.errors import ShardingIgnoredError


def test_a_test_without_shards_is_given_nothing() -> None:
    assert sharding.share_of(None, "/results", {}) == Extra()


def test_the_plugin_is_where_python_looks_for_it() -> None:
    extra = sharding.share_of(Shard(1, 3), "/results", {})
    ((plugin, target),) = extra.readable.items()
    assert plugin.is_file()
    assert extra.args == ("-p", Path(target).stem)
    assert extra.env["PYTHONPATH"] == str(Path(target).parent)
    assert (extra.env["TEST_SHARD_INDEX"], extra.env["TEST_TOTAL_SHARDS"]) == ("1", "3")


def test_what_the_image_adds_to_pythons_path_stays_there() -> None:
    path = sharding.share_of(Shard(0, 2), "/results", {"PYTHONPATH": "/app:/more"}).env["PYTHONPATH"]
    assert path.split(":")[1:] == ["/app", "/more"]


def test_tests_that_run_all_cases_in_each_shard_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(ShardingIgnoredError, match="TEST_SHARD_STATUS_FILE"):
        sharding.check(Shard(0, 2), tmp_path)
    sharding.check(None, tmp_path)


def test_tests_that_made_the_file_keep_to_it(tmp_path: Path) -> None:
    status = sharding.share_of(Shard(0, 2), "/results", {}).env["TEST_SHARD_STATUS_FILE"]
    (tmp_path / Path(status).relative_to("/results")).touch()
    sharding.check(Shard(0, 2), tmp_path)
