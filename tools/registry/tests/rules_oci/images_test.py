"""The images of BUILD.bazel, read as a container engine reads them."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parent
_IMAGES = ("base", "child", "same_but_user", "twin")


class Image:
    """An image in a layout directory, by the OCI image specification."""

    def __init__(self, name: str) -> None:
        self.root = _FOLDER / name
        (self.descriptor,) = json.loads((self.root / "index.json").read_text())["manifests"]
        self.manifest = self._json(self.descriptor)
        self.config = self._json(self.manifest["config"])
        self.layers = self.manifest["layers"]

    def blob(self, descriptor: dict[str, Any]) -> Path:
        algorithm, _, digest = descriptor["digest"].partition(":")
        return self.root.joinpath("blobs", algorithm, digest)

    def _json(self, descriptor: dict[str, Any]) -> dict[str, Any]:
        value = json.loads(self.blob(descriptor).read_text())
        assert isinstance(value, dict)
        return value


def _uncompressed(path: Path, media_type: str) -> bytes:
    suffix = media_type.removeprefix("application/vnd.oci.image.layer.v1.tar")
    match suffix:
        case "":
            return path.read_bytes()
        case "+gzip":
            return gzip.decompress(path.read_bytes())
        case "+zstd":
            return subprocess.run(["zstd", "-dc"], input=path.read_bytes(), check=True, capture_output=True).stdout
    raise AssertionError(media_type)


@pytest.fixture(params=_IMAGES)
def image(request: pytest.FixtureRequest) -> Image:
    return Image(request.param)


def test_the_layout_says_its_version(image: Image) -> None:
    assert json.loads((image.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_every_descriptor_tells_the_size_and_digest_of_its_blob(image: Image) -> None:
    for descriptor in (image.descriptor, image.manifest["config"], *image.layers):
        data = image.blob(descriptor).read_bytes()
        assert descriptor["size"] == len(data)
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_diff_ids_are_the_digests_of_the_uncompressed_layers_in_order(image: Image) -> None:
    tars = [_uncompressed(image.blob(layer), layer["mediaType"]) for layer in image.layers]
    assert image.config["rootfs"] == {
        "type": "layers",
        "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars],
    }


def test_the_history_has_an_entry_for_each_layer(image: Image) -> None:
    assert len(image.config["history"]) == len(image.layers)
    assert all(entry["created"] == "1970-01-01T00:00:00Z" for entry in image.config["history"])


def test_the_platform_is_the_bases(image: Image) -> None:
    assert (image.config["architecture"], image.config["os"]) == ("amd64", "linux")


def test_layers_are_the_files_that_other_targets_made(image: Image) -> None:
    assert {image.blob(layer).resolve().name for layer in image.layers} <= {
        "layer.tar",
        "layer.tar.gz",
        "layer.tar.zst",
    }


def test_a_child_has_its_bases_layers_first() -> None:
    base, child = Image("base"), Image("child")
    assert child.layers[:2] == base.layers
    assert [layer["mediaType"].rpartition(".")[2] for layer in child.layers] == ["tar", "tar+gzip", "tar+zstd"]


def test_a_child_changes_what_it_names() -> None:
    config = Image("child").config
    assert config["created"] == "2026-01-02T03:04:05Z"
    assert config["config"] == {
        "Cmd": ["two words", "two\nlines"],
        "Entrypoint": ["/bin/child"],
        "Env": ["EMPTY=", "EQUATION=a=b", "PATH=/child:/usr/bin:"],
        "ExposedPorts": {"80/tcp": {}, "81": {}, "82/udp": {}},
        "Labels": {"added": "child", "kept": "base"},
        "User": "1:2",
        "Volumes": {"/base": {}, "/child": {}},
        "WorkingDir": "/child",
    }


def test_a_child_keeps_what_it_does_not_name() -> None:
    base, child = Image("base").config, Image("same_but_user").config
    assert child["config"] == base["config"] | {"User": "3"}
    assert child | {"config": None} == base | {"config": None}


def test_annotations_are_the_manifests() -> None:
    assert Image("child").manifest["annotations"] == {"title": "a child"}


def test_the_same_image_twice_has_one_digest() -> None:
    assert Image("twin").descriptor == Image("child").descriptor
    assert Image("same_but_user").descriptor != Image("base").descriptor


def test_the_digest_file_names_the_manifest() -> None:
    assert (_FOLDER / "child.json.sha256").read_text().strip() == Image("child").descriptor["digest"]
