"""Run by shards_test: what each shard has of these is the harness's doing."""

from __future__ import annotations

import os
import urllib.request

import pytest

INDEX, TOTAL = int(os.environ.get("TEST_SHARD_INDEX", "0")), int(os.environ.get("TEST_TOTAL_SHARDS", "1"))


@pytest.mark.parametrize("number", range(5))
def test_it_is_of_this_shard(number: int) -> None:
    assert number % TOTAL == INDEX


@pytest.mark.parametrize("name", ["web-1", "web-2"])
def test_each_shard_has_the_whole_stack(name: str) -> None:
    with urllib.request.urlopen(f"http://{name}:8000/", timeout=5) as response:
        assert response.status == 200
