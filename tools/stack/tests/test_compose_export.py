"""The directory that an export leaves."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import yaml

from tools.stack.runner import cli, manifest
from tools.stack.runner.compose.export import Export
from tools.stack.runner.runfiles import Runfiles
from tools.stack.tests import samples

SECRETS = {"secrets": {"key": "/run/key"}, "secret_files": {"/etc/a.conf": "pass {key} {lock}\n"}}


def export(tmp_path: Path, **attributes: Any) -> Export:
    samples.write_layout(tmp_path / "image", b"layer")
    web = {"name": "web", "image_label": "//images:web", **attributes}
    return Export(manifest.parse(samples.manifest(web)), Runfiles([tmp_path]))


def test_the_file_is_the_same_each_time_and_wherever_it_is_made(tmp_path: Path) -> None:
    files = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        export(tmp_path / name, **SECRETS).write(tmp_path / name / "out")
        files.append((tmp_path / name / "out/compose.yaml").read_text())
    assert files[0] == files[1]
    assert str(tmp_path) not in files[0]


def test_the_file_names_the_image_by_label_and_content(tmp_path: Path) -> None:
    identifier = samples.write_layout(tmp_path / "image", b"layer")
    document = yaml.safe_load(export(tmp_path).text())
    assert document["services"]["web"]["image"] == f"localhost/images/web:{identifier[:12]}"


def test_what_is_mounted_is_copied_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("text")
    (tmp_path / "data/deep/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/run").write_text("#!/bin/sh\n")
    (tmp_path / "data/run").chmod(0o555)
    export(tmp_path, mounts=[{"source": "data", "target": "/data"}]).write(tmp_path / "out")
    document = yaml.safe_load((tmp_path / "out/compose.yaml").read_text())
    copied = tmp_path / "out" / document["services"]["web"]["volumes"][0]["source"]
    assert (copied / "deep/link").read_text() == "text"
    assert not (copied / "deep/link").is_symlink()
    assert (copied / "run").stat().st_mode & stat.S_IXOTH


def test_secrets_are_random_closed_to_others_and_stay_with_a_later_export(tmp_path: Path) -> None:
    for name in ("one", "other"):
        export(tmp_path, **SECRETS).write(tmp_path / name)
    key = (tmp_path / "one/secrets/key").read_text()
    assert (tmp_path / "other/secrets/key").read_text() != key
    assert stat.S_IMODE((tmp_path / "one/secrets").stat().st_mode) == 0o700
    export(tmp_path, **SECRETS).write(tmp_path / "one")
    assert (tmp_path / "one/secrets/key").read_text() == key
    files = yaml.safe_load((tmp_path / "one/compose.yaml").read_text())["secrets"]
    texts = {name: (tmp_path / "one" / entry["file"]).read_text() for name, entry in files.items()}
    lock = (tmp_path / "one/secrets/lock").read_text()
    assert sorted(texts.values()) == sorted([key, f"pass {key} {lock}\n"])


def test_no_secret_gets_into_a_repository_by_accident(tmp_path: Path) -> None:
    export(tmp_path).write(tmp_path / "out")
    assert (tmp_path / "out/.gitignore").read_text() == "*\n"


def test_a_later_export_leaves_nothing_of_an_earlier_one_among_the_mounts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    export(tmp_path, mounts=[{"source": "file", "target": "/file"}]).write(tmp_path / "out")
    export(tmp_path).write(tmp_path / "out")
    assert not (tmp_path / "out/mounts").exists()


def test_the_command_writes_where_it_was_called(tmp_path: Path, monkeypatch: Any) -> None:
    image = tmp_path / "image"
    samples.write_layout(image, b"layer")
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path / "here"))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(samples.manifest({"name": "web", "image": str(image), "image_label": "//images:web"})))
    assert cli.main(["compose", str(path), "--no-images"]) == 0
    assert (tmp_path / "here/stack/compose.yaml").is_file()
    assert cli.main(["compose", str(path), "--no-images", "--output", "there"]) == 0
    assert (tmp_path / "here/there/compose.yaml").is_file()
