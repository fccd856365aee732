"""Finds the files that Bazel put beside the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.stack.runner.errors import RunfileMissingError


class Runfiles:
    """Maps runfiles paths ("_main/images/nats") to real paths on the disk."""

    def __init__(self, roots: list[Path]) -> None:
        self._roots = roots

    @classmethod
    def discover(cls) -> Runfiles:
        """From the environment that Bazel gives, or from where this file lies."""
        candidates = [os.environ.get("RUNFILES_DIR"), os.environ.get("TEST_SRCDIR"), f"{sys.argv[0]}.runfiles"]
        roots = [Path(candidate) for candidate in candidates if candidate]
        here = Path(__file__).absolute()
        roots += [parent for parent in here.parents if parent.name.endswith(".runfiles")]
        return cls(roots)

    def resolve(self, path: str) -> Path:
        """The real path, all symbolic links followed: an image's blobs are relative links that only work from there.

        Absolute paths are taken as they are. Raises RunfileMissingError.
        """
        candidates = [Path(path)] if Path(path).is_absolute() else [root / path for root in self._roots]
        for candidate in candidates:
            if candidate.exists():
                return candidate.resolve()
        roots = ", ".join(map(str, self._roots)) or "no runfiles directory is known"
        raise RunfileMissingError(f"{path} is not among the runfiles ({roots}): start this through bazel")
