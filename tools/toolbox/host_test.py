"""What the toolbox asks of a machine, and what it says where that isn't so."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.toolbox.shell import FOLDER, output, run

_PARTS = ("say", "host")


def _release(folder: Path, text: str) -> Path:
    path = folder / "os-release"
    path.write_text(text)
    return path


def test_os_release(tmp_path: Path) -> None:
    path = _release(tmp_path, 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID_LIKE=x\n')
    script = 'host_release "$1"; echo "$host_id/$host_version/$host_codename"'
    assert output(script, path, parts=_PARTS) == ["debian/13/trixie"]
    assert output(script, tmp_path / "none", parts=_PARTS) == ["//"]


@pytest.mark.parametrize("version", ["12", "13"])
def test_debian(tmp_path: Path, version: str) -> None:
    path = _release(tmp_path, f'ID=debian\nVERSION_ID="{version}"\n')
    assert output('host_release "$1"; require_debian 7.7.1', path, parts=_PARTS) == []


@pytest.mark.parametrize("text", ["ID=fedora\nVERSION_ID=42\n", "ID=debian\nVERSION_ID=11\n", ""])
def test_elsewhere_it_says_what_to_install(tmp_path: Path, text: str) -> None:
    done = run('host_release "$1"; require_debian 7.7.1; echo on', _release(tmp_path, text), parts=_PARTS)
    _fails_in_one_line(done, "install bazelisk, or Bazel 7.7.1")


def test_root_is_needed() -> None:
    command = ["bash", "-c", f'. "{FOLDER}/say.sh"; . "{FOLDER}/host.sh"; require_root; echo on']
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "setresuid" in done.stderr or "setgroups" in done.stderr:
        pytest.skip("this sandbox has one user only")
    _fails_in_one_line(done, "root")


def test_room_on_the_disk(tmp_path: Path) -> None:
    assert output('require_space "$1" 0', tmp_path, parts=_PARTS) == []
    done = run('require_space "$1" 999999999; echo on', tmp_path, parts=_PARTS)
    _fails_in_one_line(done, "XDG_CACHE_HOME")


def test_mount_namespaces_refused(tmp_path: Path) -> None:
    unshare = tmp_path / "unshare"
    unshare.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    done = run("require_mount_namespaces; echo on", parts=_PARTS, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    _fails_in_one_line(done, "Operation not permitted")


def _fails_in_one_line(done: subprocess.CompletedProcess[str], what: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert what in done.stderr
