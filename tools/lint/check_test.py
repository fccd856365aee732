"""Checking and mending, with a script in the place of a linter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint.check import check
from tools.lint.fix import fix
from tools.lint.linters import LINTERS


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace_files"
    for name in ("a/b.py", "BUILD.bazel", "run", "part.sh"):
        path = folder / "files" / f"{name}.source"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n" if name == "run" else "")
    listing = folder / "files.txt"
    listing.write_text("BUILD.bazel\na/b.py\npart.sh\nrun\n")
    return listing


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """What Bazel lays beside a test: configurations and generated code."""
    folder = tmp_path / "beside"
    for name in ("tools/lint/ruff.toml", "protos/a/v1/a_pb2.pyi", "protos/a/v1/a_pb2_grpc.py", "other/other.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def _program(tmp_path: Path, script: str) -> Path:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nset -eu\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_linter_sees_the_files_of_its_kind_its_configuration_and_generated_code(
    tmp_path: Path, listing: Path, beside: Path
) -> None:
    program = _program(tmp_path, f'find . -type f | sort >{tmp_path}/seen; echo "$@" >>{tmp_path}/arguments')
    assert check("ruff", str(program), listing, beside)
    assert (tmp_path / "seen").read_text().splitlines() == [
        "./a/b.py",
        "./protos/a/v1/a_pb2.pyi",
        "./protos/a/v1/a_pb2_grpc.py",
        "./tools/lint/ruff.toml",
    ]
    assert all(line.endswith(" a/b.py") for line in (tmp_path / "arguments").read_text().splitlines())


def test_a_finding_fails_and_the_other_commands_run_all_the_same(tmp_path: Path, listing: Path, beside: Path) -> None:
    program = _program(tmp_path, f'echo "$1" >>{tmp_path}/commands; [ "$1" = format ]')
    assert not check("ruff", str(program), listing, beside)
    assert (tmp_path / "commands").read_text().split() == ["check", "format"]


def test_programs_and_the_parts_that_they_source_are_both_checked(tmp_path: Path, listing: Path, beside: Path) -> None:
    program = _program(tmp_path, f'for last; do :; done; echo "$last" >>{tmp_path}/last')
    assert check("shellcheck", str(program), listing, beside)
    assert (tmp_path / "last").read_text().split() == ["part.sh", "run"]


def test_a_linter_without_files_passes(tmp_path: Path, listing: Path, beside: Path) -> None:
    assert check("buf", str(_program(tmp_path, "exit 1")), listing, beside)


def test_mending_happens_in_the_workspace(tmp_path: Path, listing: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    program = _program(tmp_path, "touch mended")
    assert fix({"ruff": program}, listing, workspace)
    assert (workspace / "mended").exists()


def test_a_linter_that_cannot_mend_is_not_asked_to(tmp_path: Path, listing: Path) -> None:
    assert LINTERS["mypy"].fix is None
    assert fix({"mypy": _program(tmp_path, "exit 1")}, listing, tmp_path)


def test_mending_that_fails_is_said(tmp_path: Path, listing: Path) -> None:
    assert not fix({"ruff": _program(tmp_path, "exit 1")}, listing, tmp_path)
