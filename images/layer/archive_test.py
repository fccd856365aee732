import os
import tarfile
from pathlib import Path

import pytest

from images.layer.archive import MTIME, LayerWriter


def written(path: Path) -> bytes:
    with LayerWriter(path) as layer:
        layer.add_directory("home/app", owner=10_001)
        layer.add_file("usr/bin/tool", b"#!/bin/sh\n", 0o755)
        layer.add_symlink("usr/bin/alias", "tool")
        layer.add_hardlink("usr/bin/again", "usr/bin/tool")
        layer.add_file(f"usr/share/{'long/' * 60}name", b"x")
    return path.read_bytes()


def test_a_layer_has_parents_first_and_root_as_owner(tmp_path: Path) -> None:
    written(tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as layer:
        members = layer.getmembers()
    assert [member.name for member in members[:6]] == [
        "home",
        "home/app",
        "usr",
        "usr/bin",
        "usr/bin/tool",
        "usr/bin/alias",
    ]
    assert {member.name: member.uid for member in members if member.uid} == {"home/app": 10_001}
    assert {member.mtime for member in members} == {MTIME}
    assert members[4].mode == 0o755


def test_the_bytes_depend_on_neither_umask_nor_time_zone_nor_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / "first.tar")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = os.umask(0o077)
    try:
        second = written(Path("second.tar"))
    finally:
        os.umask(before)
    assert first == second


def test_adding_a_directory_again_changes_nothing(tmp_path: Path) -> None:
    with LayerWriter(tmp_path / "layer.tar") as layer:
        layer.add_directory("tmp", 0o1777)
        layer.add_directory("tmp", 0o755)
    with tarfile.open(tmp_path / "layer.tar") as layer_file:
        assert [(member.name, member.mode) for member in layer_file] == [("tmp", 0o1777)]
