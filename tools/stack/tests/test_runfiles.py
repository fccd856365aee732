"""Finding what Bazel put beside the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner.errors import RunfileMissingError
from tools.stack.runner.runfiles import Runfiles


def test_links_are_followed_to_where_the_file_really_is(tmp_path: Path) -> None:
    (tmp_path / "out/image").mkdir(parents=True)
    (tmp_path / "runfiles/_main").mkdir(parents=True)
    (tmp_path / "runfiles/_main/image").symlink_to(tmp_path / "out/image")
    assert Runfiles([tmp_path / "runfiles"]).resolve("_main/image") == tmp_path / "out/image"


def test_the_first_directory_that_has_it_counts(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/file").write_text("")
    assert Runfiles([tmp_path / "a", tmp_path / "b"]).resolve("file") == tmp_path / "b/file"


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert Runfiles([]).resolve(str(tmp_path)) == tmp_path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunfileMissingError, match="_main/absent"):
        Runfiles([tmp_path]).resolve("_main/absent")


def test_it_is_found_from_the_environment_that_bazel_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUNFILES_DIR", str(tmp_path))
    assert Runfiles.discover().resolve("file") == tmp_path / "file"
