"""Mounts of what Bazel built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner.engine.mounts import volumes


def test_a_directory_is_one_mount_when_its_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "b").symlink_to("a")
    assert volumes(tmp_path, "/x") == [f"{tmp_path}:/x:ro"]


def test_files_are_mounted_one_by_one_when_a_link_leads_out(tmp_path: Path) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "tree"
    outside.write_text("")
    (directory / "deep").mkdir(parents=True)
    (directory / "deep/link").symlink_to(outside)
    (directory / "plain").write_text("")
    assert set(volumes(directory, "/x")) == {f"{directory}/plain:/x/plain:ro", f"{outside}:/x/deep/link:ro"}


def test_a_path_that_podman_would_misread_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a:b"
    path.write_text("")
    with pytest.raises(ValueError, match="a:b"):
        volumes(path, "/x")
