"""What the tools behind oci_image refuse, and that they repeat themselves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from oci.private.configuration import merge_env
from oci.private.descriptor import DescriptorError, describe
from oci.private.image import build, main, parser
from oci.private.layout import LayoutError, read_image


def _build(output: Path, *arguments: str) -> str:
    return build(parser().parse_args([f"--output={output}", f"--digest={output}.digest", *arguments]))


def _image(output: Path, *arguments: str) -> str:
    return _build(output, "--os=linux", "--architecture=amd64", *arguments)


@pytest.fixture
def layer(tmp_path: Path) -> str:
    tar = tmp_path / "layer.tar"
    tar.write_bytes(b"a tar" * 1000)
    description = tmp_path / "layer.json"
    description.write_text(json.dumps(describe(tar, "//a:layer")))
    return f"--layer={tar}={description}"


def test_the_same_inputs_make_the_same_image(tmp_path: Path, layer: str) -> None:
    first, second = _image(tmp_path / "one", layer), _image(tmp_path / "two", layer)
    assert first == second
    for file in ("index.json", "oci-layout"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_nothing_of_a_base_is_kept_that_the_child_does_not_name(tmp_path: Path, layer: str) -> None:
    _image(tmp_path / "base", layer)
    _build(tmp_path / "child", f"--base={tmp_path / 'base'}", "--user=1")
    # The layer, the configuration and the manifest.
    assert len(list((tmp_path / "child/blobs/sha256").iterdir())) == 3


def test_the_index_tells_the_platform(tmp_path: Path) -> None:
    _image(tmp_path / "image", "--variant=v2")
    (descriptor,) = json.loads((tmp_path / "image/index.json").read_text())["manifests"]
    assert descriptor["platform"] == {"architecture": "amd64", "os": "linux", "variant": "v2"}


def test_layers_are_relative_links_also_through_a_base(tmp_path: Path, layer: str) -> None:
    _image(tmp_path / "base", layer)
    _build(tmp_path / "child", f"--base={tmp_path / 'base'}")
    (base,) = (blob for blob in (tmp_path / "base/blobs/sha256").iterdir() if blob.is_symlink())
    assert base.readlink() == Path("../../../layer.tar")
    assert (tmp_path / "child/blobs/sha256" / base.name).readlink() == Path("../../../base/blobs/sha256", base.name)


def test_a_layer_that_is_there_twice_is_one_blob(tmp_path: Path, layer: str) -> None:
    _image(tmp_path / "image", layer, layer)
    manifest, config = read_image(tmp_path / "image")
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == 2
    assert sum(blob.is_symlink() for blob in (tmp_path / "image/blobs/sha256").iterdir()) == 1


def test_a_base_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"index\.json"):
        _build(tmp_path / "image", f"--base={tmp_path / 'missing'}")


@pytest.mark.parametrize("images", [0, 2])
def test_a_base_with_another_number_of_images_than_one_is_refused(tmp_path: Path, images: int) -> None:
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:0"}] * images}))
    with pytest.raises(LayoutError, match=f"has {images}"):
        read_image(tmp_path)


def test_a_base_that_is_an_index_of_images_is_refused(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs/sha256"
    blobs.mkdir(parents=True)
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:0"}]}))
    (blobs / "0").write_text(json.dumps({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}))
    with pytest.raises(LayoutError, match="index"):
        read_image(tmp_path)


def test_a_line_that_is_no_pair_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = tmp_path / "env"
    env.write_text("GOOD=1\nBAD\n")
    output = tmp_path / "image"
    with pytest.raises(SystemExit, match="BAD"):
        main([f"--output={output}", f"--digest={output}.digest", "--os=linux", "--architecture=amd64", f"--env={env}"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/new:$PATH", "PATH=/new:/bin"),
        ("/new:${PATH}", "PATH=/new:/bin"),
        ("$NONE", "PATH="),
        ("a$", "PATH=a$"),
        ("${PATH", "PATH=${PATH"),
    ],
)
def test_references_in_env_are_to_the_base(value: str, expected: str) -> None:
    assert merge_env(["PATH=/bin"], {"PATH": value}) == [expected]


@pytest.mark.parametrize("magic", [gzip.compress(b"a tar" * 1000)[:-10], b"\x28\xb5\x2f\xfd"], ids=["gzip", "zstd"])
def test_a_broken_compressed_layer_is_refused(tmp_path: Path, magic: bytes) -> None:
    layer = tmp_path / "layer"
    layer.write_bytes(magic)
    with pytest.raises(DescriptorError, match="not a whole"):
        describe(layer, "//a:layer")


def test_zstd_without_the_program_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    layer = tmp_path / "layer"
    layer.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(DescriptorError, match="no program zstd"):
        describe(layer, "//a:layer")
