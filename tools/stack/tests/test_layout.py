"""OCI image layouts on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stack.runner.engine import layout
from tools.stack.runner.errors import ImageMissingError
from tools.stack.tests.samples import write_layout


def test_id_and_layers_are_those_of_the_configuration(tmp_path: Path) -> None:
    identifier = write_layout(tmp_path, b"base", b"application")
    read = layout.read(tmp_path, "image")
    assert read.id == identifier
    assert list(read.layers.values()) == [4, 11]


def test_the_environment_of_an_image_is_known(tmp_path: Path) -> None:
    write_layout(tmp_path, b"base", config={"Env": ["PATH=/bin", "OPTIONS=a=b"]})
    assert layout.read(tmp_path, "image").environment == {"PATH": "/bin", "OPTIONS": "a=b"}


def test_blobs_may_be_links_to_where_bazel_made_them(tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_layout(image, b"base")
    for blob in list((image / "blobs/sha256").iterdir()):
        blob.rename(tmp_path / blob.name)
        blob.symlink_to(f"../../../{blob.name}")
    assert layout.read(image, "image").layers


def test_a_directory_that_is_no_layout_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(ImageMissingError):
        layout.read(tmp_path, "image")
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(ImageMissingError):
        layout.read(tmp_path, "image")


def test_a_layer_that_was_left_behind_is_noticed_before_podman_is_asked(tmp_path: Path) -> None:
    write_layout(tmp_path, b"base")
    next(blob for blob in (tmp_path / "blobs/sha256").iterdir() if blob.read_bytes() == b"base").unlink()
    with pytest.raises(ImageMissingError):
        layout.read(tmp_path, "image")
