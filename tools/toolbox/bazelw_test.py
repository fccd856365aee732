"""Which Bazel ./bazelw runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.toolbox.shell import FOLDER

_BAZELW = FOLDER.parent.parent / "bazelw"
_MARKER = "/run/ray-vllm-toolbox"


class Machine:
    """A checkout and a PATH; programs print their name and arguments."""

    def __init__(self, folder: Path) -> None:
        self.marker = folder / "in-the-toolbox"
        self._bin = folder / "bin"
        self._bin.mkdir()
        (self._bin / "readlink").symlink_to("/usr/bin/readlink")
        self.checkout = folder / "checkout"
        text = _BAZELW.read_text()
        assert _MARKER in text
        self._write(self.checkout / "bazelw", text.replace(_MARKER, str(self.marker)))
        (self.checkout / ".bazelversion").write_text("7.7.1\n")
        self._write(self.checkout / "tools/toolbox/toolbox", '#!/bin/bash\nprintf "%s|" toolbox "$@"\n')

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def install(self, name: str, version: str) -> None:
        script = f'#!/bin/bash\n[[ $* == --version ]] && echo "bazel {version}" || printf "%s|" {name} "$@"\n'
        self._write(self._bin / name, script)

    def bazelw(self, *arguments: str, program: Path | None = None, **env: str) -> str:
        done = subprocess.run(
            [program or self.checkout / "bazelw", *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": str(self._bin), **env},
        )
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_bazel_of_the_right_version_gets_the_arguments_unchanged(machine: Machine) -> None:
    machine.install("bazel", "7.7.1")
    machine.install("bazelisk", "9.0.0")
    assert machine.bazelw("--batch", "build", "a b", "") == "bazel|--batch|build|a b||"


def test_a_distributions_build_of_the_version_will_do(machine: Machine) -> None:
    machine.install("bazel", "7.7.1-homebrew")
    assert machine.bazelw("info") == "bazel|info|"


def test_bazelisk_when_bazel_is_another(machine: Machine) -> None:
    machine.install("bazel", "7.7.10")
    machine.install("bazelisk", "7.7.1")
    assert machine.bazelw("info") == "bazelisk|info|"


def test_toolbox_when_there_is_no_other(machine: Machine) -> None:
    machine.install("bazel", "4.2.3")
    assert machine.bazelw("info") == "toolbox|bazel|info|"


def test_toolbox_on_request(machine: Machine) -> None:
    machine.install("bazel", "7.7.1")
    assert machine.bazelw("info", BAZELW_TOOLBOX="1") == "toolbox|bazel|info|"


def test_toolbox_from_within(machine: Machine) -> None:
    machine.install("bazel", "7.7.1")
    machine.marker.touch()
    assert machine.bazelw("info") == "toolbox|bazel|info|"


def test_through_a_link(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(machine.checkout / "bazelw")
    assert machine.bazelw("info", program=link) == "toolbox|bazel|info|"
