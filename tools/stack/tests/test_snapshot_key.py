"""What gives a snapshot another key, and what does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.stack.runner.manifest import Mount, ProbeSpec
from tools.stack.runner.snapshot import key
from tools.stack.tests.samples import service

WEB = service("web", image="runfiles/image", mounts=(Mount("runfiles/model", "/model"),), env={"A": "1"})
MADE_OF: dict[str, Any] = {
    "service": WEB,
    "image": "id",
    "mounts": {"/model": "digest"},
    "limits": ["nofile=1:1"],
    "facts": {"kernel": "6.1", "criu": "4.2"},
}


@pytest.mark.parametrize(
    "change",
    [
        {"image": "other"},
        {"mounts": {"/model": "other"}},
        {"mounts": {"/models": "digest"}},
        {"limits": ["nofile=2:2"]},
        {"facts": {"kernel": "6.2", "criu": "4.2"}},
        {"facts": {"kernel": "6.1", "criu": "4.3"}},
        {"service": replace(WEB, name="web-2")},
        {"service": replace(WEB, args=("--port=1",))},
        {"service": replace(WEB, command=("/bin/web",))},
        {"service": replace(WEB, env={"A": "2"})},
        {"service": replace(WEB, memory="1g")},
        {"service": replace(WEB, tmpfs=("/home",))},
        {"service": replace(WEB, user="0:0")},
        {"service": replace(WEB, probe=ProbeSpec("http", {"port": "main"}))},
    ],
    ids=str,
)
def test_another_key(change: dict[str, Any]) -> None:
    assert key.of(**{**MADE_OF, **change}) != key.of(**MADE_OF)


@pytest.mark.parametrize(
    "change",
    [
        {"limits": ("nofile=1:1",)},
        {"facts": {"criu": "4.2", "kernel": "6.1"}},
        {"service": replace(WEB, image="elsewhere", image_label="//other:label")},
        {"service": replace(WEB, mounts=(Mount("elsewhere", "/model"),))},
    ],
    ids=str,
)
def test_the_same_key_wherever_things_are(change: dict[str, Any]) -> None:
    assert key.of(**{**MADE_OF, **change}) == key.of(**MADE_OF)


def test_a_digest_is_of_names_and_contents_and_not_of_places(tmp_path: Path) -> None:
    def tree(name: str, **files: str) -> str:
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return key.digest(tmp_path / name)

    first = tree("a", weights="1", config="2")
    assert tree("b", config="2", weights="1") == first
    assert tree("c", config="1", weights="2") != first
    assert tree("d", config="2", weight="1") != first
    (tmp_path / "e").mkdir()
    (tmp_path / "e/config").symlink_to(tmp_path / "a/config")
    (tmp_path / "e/weights").symlink_to(tmp_path / "a/weights")
    assert key.digest(tmp_path / "e") == first
    assert key.digest(tmp_path / "a/config") == key.digest(tmp_path / "b/config")


def test_a_machine_is_the_same_from_one_moment_to_the_next_and_knows_its_boot() -> None:
    assert key.machine() == key.machine()
    assert key.machine()["boot"]
