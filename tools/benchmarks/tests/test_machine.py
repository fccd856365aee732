"""What the figures were taken on."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.benchmarks.core.machine import Machine, commit, cpu_model


def test_this_machine_has_cores_and_memory() -> None:
    machine = Machine.this()
    assert machine.cores >= 1
    assert machine.memory > 1 << 27
    assert machine.kernel


def test_the_model_of_the_processor_is_found_where_there_is_one() -> None:
    assert cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2.50GHz\nmodel\t\t: 7\n") == "Some CPU @ 2.50GHz"
    assert cpu_model("") == "unknown"


def test_a_commit_with_changes_is_marked(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, "-C", str(tmp_path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert commit(tmp_path) == "unknown"
    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    head = git("rev-parse", "--short=12", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "untracked").write_text("1")
    assert commit(tmp_path) == head
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == f"{head}+"
