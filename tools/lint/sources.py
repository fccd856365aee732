"""The source files of the workspace, by what reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from enum import Enum
from pathlib import Path, PurePath


class Kind(Enum):
    """A language of source files."""

    PROTO = "proto"
    PYTHON = "python"
    SCRIPT = "script"
    STARLARK = "starlark"


_SUFFIXES = {
    ".bazel": Kind.STARLARK,
    ".bzl": Kind.STARLARK,
    ".proto": Kind.PROTO,
    ".py": Kind.PYTHON,
    ".pyi": Kind.PYTHON,
    ".sh": Kind.SCRIPT,
}
_NAMES = {"BUILD": Kind.STARLARK, "WORKSPACE": Kind.STARLARK}
_SHELLS = ("sh", "bash", "dash")


def kind_of(name: str, content: Path) -> Kind | None:
    """What a file is: by its name, or by its first line where the name has no suffix. None: nothing to lint.

    Args:
        name: where it is in the workspace.
        content: where it can be read.
    """
    path = PurePath(name)
    if path.suffix:
        return _SUFFIXES.get(path.suffix)
    return _NAMES.get(path.name) or _kind_of_script(content)


def _kind_of_script(content: Path) -> Kind | None:
    with content.open("rb") as file:
        first = file.readline(200).decode(errors="replace")
    if not first.startswith("#!"):
        return None
    # "#!/bin/sh -eu", "#!/usr/bin/env bash", "#!/usr/bin/env -S python3"
    words = [PurePath(word).name for word in first[2:].split() if not word.startswith("-")]
    program = words[1] if words[:1] == ["env"] and len(words) > 1 else words[0] if words else ""
    if program in _SHELLS:
        return Kind.SCRIPT
    return Kind.PYTHON if program.startswith("python") else None


class Sources:
    """The files that the repository @workspace_files links to."""

    def __init__(self, listing: Path) -> None:
        """Reads a listing, files.txt; the files are beside it."""
        self._root = listing.parent / "files"
        self._names = listing.read_text().splitlines()

    def named(self, kind: Kind) -> list[str]:
        """The paths in the workspace of all files of a kind."""
        return [name for name in self._names if self._is(name, kind)]

    def copy(self, names: Iterable[str], target: Path) -> None:
        """Lays files out as they are in the workspace."""
        for name in names:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._content(name), path)
            path.chmod(self._content(name).stat().st_mode & 0o777)

    def _is(self, name: str, kind: Kind) -> bool:
        # A test is given the files of one kind alone, and a file can be gone since the listing was made.
        content = self._content(name)
        return content.exists() and kind_of(name, content) == kind

    def _content(self, name: str) -> Path:
        return self._root / f"{name}.source"
