"""What the listing of the workspace holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_NAMES = Path(os.environ["TEST_SRCDIR"], os.environ["LISTING"]).read_text().splitlines()


@pytest.mark.parametrize(
    "name",
    [
        "MODULE.bazel",
        "WORKSPACE",
        "bazelw",
        "tools/lint/BUILD.bazel",
        "tools/lint/workspace_files.bzl",
        "tools/lint/workspace_files_test.py",
        # Also where no target names it.
        "tools/registry/rules_python/python/defs.bzl",
    ],
)
def test_every_source_file_is_listed(name: str) -> None:
    assert name in _NAMES


def test_what_nobody_wrote_is_not() -> None:
    tops = {name.split("/")[0] for name in _NAMES if "/" in name}
    assert not {top for top in tops if top.startswith("bazel-") or top in (".git", "__pycache__")}


def test_documents_and_locks_are_not() -> None:
    assert not [name for name in _NAMES if name.endswith((".md", ".lock", ".json", ".txt"))]


def test_the_list_is_sorted_and_names_each_once() -> None:
    assert sorted(set(_NAMES)) == _NAMES
