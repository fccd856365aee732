"""The command tools/toolbox/toolbox."""

from __future__ import annotations

import subprocess

from tools.toolbox.shell import FOLDER


def _toolbox(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/a", **env}
    command = [str(FOLDER / "toolbox"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_help() -> None:
    done = _toolbox("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: toolbox COMMAND")


def test_an_unknown_command() -> None:
    done = _toolbox("frobnicate")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: toolbox COMMAND")


def test_path() -> None:
    done = _toolbox("path", XDG_CACHE_HOME="/cache")
    assert done.returncode == 0
    assert done.stdout.startswith("/cache/ray-vllm-toolbox/")


def test_run_takes_a_command() -> None:
    done = _toolbox("run")
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1


def test_nothing_to_stop_or_remove() -> None:
    for command in ("stop", "prune", "remove"):
        done = _toolbox(command, XDG_CACHE_HOME="/nonexistent")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_closed_input_and_output() -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{FOLDER}/toolbox" path <&- >&-'], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
