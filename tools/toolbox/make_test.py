"""Makers that fail, are interrupted, or find what others left; mmdebstrap is a script that plays its part."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.toolbox.shell import FOLDER, output


class Maker:
    """A checkout, an apt configuration and a cache for make.sh."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.base = folder / "cache" / "ray-vllm-toolbox"
        self.base.mkdir(parents=True)
        self._tools = folder / "checkout/tools/toolbox"
        self._tools.mkdir(parents=True)
        for path in (*FOLDER.glob("*.sh"), FOLDER / "packages.txt"):
            shutil.copy(path, self._tools)
        (folder / "checkout/.bazelversion").write_text("7.7.1\n")
        (folder / "bin").mkdir()
        (folder / "lists").mkdir()
        self.source("deb http://m.example/debian stable main")

    def source(self, line: str) -> None:
        sources, conf = self._folder / "sources.list", self._folder / "apt.conf"
        sources.write_text(f"{line}\n")
        conf.write_text(
            f'Dir::Etc::parts "/dev/null";\nDir::Etc::sourceparts "/dev/null";\nDir::Etc::sourcelist "{sources}";\n'
            f'Dir::State::Lists "{self._folder}/lists";\nDir::Cache "{self._folder}/apt";\n'
        )

    def mmdebstrap(self, script: str) -> None:
        path = self._folder / "bin" / "mmdebstrap"
        path.write_text(f"#!/bin/bash\nroot=${{@: -2:1}}\n{script}\n")
        path.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", self._tools / "make.sh"],
            env={
                **os.environ,
                "APT_CONFIG": str(self._folder / "apt.conf"),
                "PATH": f"{self._folder}/bin:{os.environ['PATH']}",
                "XDG_CACHE_HOME": str(self._folder / "cache"),
            },
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509, no threads
        )

    def left(self) -> list[str]:
        return sorted(path.name for path in self.base.iterdir() if path.name != "make.log")

    def programs(self) -> list[str]:
        """Command lines of programs that work in this maker's cache."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(self.base) in line:
                found.append(line)
        return found


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    probe = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    if not shutil.which("apt-get") or subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("takes Debian, and root that may make namespaces")
    return Maker(tmp_path)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("E: write error (28: No space left on device)", "XDG_CACHE_HOME"),
        ("E: You don't have enough free space in /x", "XDG_CACHE_HOME"),
        ("Err:1 http://m.example/debian sid InRelease\n  Could not resolve 'm.example'", "http://m.example/debian"),
        ("W: GPG error: NO_PUBKEY 0E98404D386FA1D9", "debian-archive-keyring"),
        ("E: Unable to locate package bazel-lib", "bazel-lib"),
        ("I: running\nE: something else", "something else"),
    ],
)
def test_a_failure_is_one_line_with_what_to_do(maker: Maker, says: str, advice: str) -> None:
    maker.mmdebstrap(f'mkdir -p "$root/etc"\ncat <<"END"\n{says}\nEND\nexit 25')
    started = maker.start()
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 1
    [error] = [line for line in stderr.splitlines() if "error:" in line]
    assert advice in error
    assert maker.left() == []


def test_no_source_of_debian(maker: Maker) -> None:
    maker.source("# nothing")
    maker.mmdebstrap("exit 1")
    started = maker.start()
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 1
    assert "sources.list" in stderr.splitlines()[-1]
    assert maker.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(maker: Maker, number: signal.Signals) -> None:
    maker.mmdebstrap('mkdir "$root"; touch "$root/file"; sleep 1000')
    started = maker.start()
    _until(lambda: any(maker.base.glob(".making-*/root/file")))
    started.send_signal(number)
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 128 + number
    assert "interrupted" in stderr
    assert maker.left() == []
    _until(lambda: not maker.programs())


def test_after_sigkill_no_program_goes_on_and_the_next_maker_cleans_up(maker: Maker) -> None:
    maker.mmdebstrap('mkdir "$root"; touch "$root/file"; sleep 1000')
    started = maker.start()
    _until(lambda: any(maker.base.glob(".making-*/root/file")))
    started.kill()
    started.communicate(timeout=30)
    _until(lambda: not maker.programs())
    assert len(maker.left()) == 1

    maker.mmdebstrap("echo 'E: no more'; exit 1")
    again = maker.start()
    _, stderr = again.communicate(timeout=30)
    assert "removing .making-" in stderr
    assert maker.left() == []


def test_superseded_toolboxes_go_unless_something_runs_in_them(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name / "root").mkdir(parents=True)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "root").symlink_to("/")
    (tmp_path / "something-else").mkdir()
    output(f'. "{FOLDER}/make.sh"; base=$1 toolbox=$1/new; remove_superseded', tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "something-else", "used"]
