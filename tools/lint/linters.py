"""Each linter: what it reads, how it checks, and how it mends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.lint.sources import Kind

Commands = list[list[str]]


@dataclass(frozen=True)
class Linter:
    """A program that runs in the root of the workspace, or of a copy of its files.

    `check` and `fix` take the program, the folder with the configurations, and the files of its kind, and return command
    lines, each of which must succeed. Where there is no `fix`, only a person can mend what it finds.
    """

    kind: Kind
    check: Callable[[str, Path, Sequence[str]], Commands]
    fix: Callable[[str, Path, Sequence[str]], Commands] | None = None


def _buf_check(program: str, configurations: Path, _files: Sequence[str]) -> Commands:
    common = f"--config={configurations / 'buf.yaml'}"
    return [[program, "lint", common], [program, "format", common, "--diff", "--exit-code"]]


def _buf_fix(program: str, configurations: Path, _files: Sequence[str]) -> Commands:
    return [[program, "format", f"--config={configurations / 'buf.yaml'}", "--write"]]


def _buildifier_check(program: str, _configurations: Path, files: Sequence[str]) -> Commands:
    return [[program, "--mode=diff", "--diff_command=diff -u", "--lint=warn", *files]]


def _buildifier_fix(program: str, _configurations: Path, files: Sequence[str]) -> Commands:
    return [[program, "--mode=fix", "--lint=fix", *files]]


def _mypy_check(program: str, configurations: Path, files: Sequence[str]) -> Commands:
    return [[program, f"--config-file={configurations / 'mypy.ini'}", "--cache-dir=/dev/null", *files]]


def _ruff(program: str, configurations: Path, files: Sequence[str], *, fix: bool) -> Commands:
    common = [f"--config={configurations / 'ruff.toml'}", "--no-cache"]
    if fix:
        return [[program, "check", *common, "--fix-only", *files], [program, "format", *common, *files]]
    return [[program, "check", *common, *files], [program, "format", *common, "--diff", *files]]


def _ruff_check(program: str, configurations: Path, files: Sequence[str]) -> Commands:
    return _ruff(program, configurations, files, fix=False)


def _ruff_fix(program: str, configurations: Path, files: Sequence[str]) -> Commands:
    return _ruff(program, configurations, files, fix=True)


def _shellcheck_check(program: str, _configurations: Path, files: Sequence[str]) -> Commands:
    # A part, which another script sources, gets variables from it and sets some for it.
    parts = [file for file in files if file.endswith(".sh")]
    programs = [file for file in files if not file.endswith(".sh")]
    common = [program, "--external-sources", "--source-path=SCRIPTDIR"]
    commands = [[*common, "--shell=bash", "--exclude=SC2034,SC2154", *parts]] if parts else []
    return [*commands, [*common, *programs]] if programs else commands


LINTERS = {
    "buf": Linter(Kind.PROTO, _buf_check, _buf_fix),
    "buildifier": Linter(Kind.STARLARK, _buildifier_check, _buildifier_fix),
    "mypy": Linter(Kind.PYTHON, _mypy_check),
    "ruff": Linter(Kind.PYTHON, _ruff_check, _ruff_fix),
    "shellcheck": Linter(Kind.SCRIPT, _shellcheck_check),
}
