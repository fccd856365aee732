"""Runs functions of the toolbox's shell scripts, for their tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def run(
    script: str,
    *arguments: str | Path,
    parts: tuple[str, ...] = (),
    env: Mapping[str, str | Path] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a script in bash, as the toolbox does (errors end it), after reading some of its parts.

    Args:
      script: the script, which finds `arguments` in $1 and on.
      arguments: see above.
      parts: files of this folder to read first, without `.sh`.
      env: variables beside those of the test.
      cwd: the working directory.

    Returns:
      What it printed, and its exit status.
    """
    sources = "".join(f'. "{FOLDER}/{part}.sh"\n' for part in parts)
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{sources}{script}", "test", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **{name: str(value) for name, value in (env or {}).items()}},
        stdin=subprocess.DEVNULL,
    )


def output(script: str, *arguments: str | Path, **options: object) -> list[str]:
    """The lines that a script prints, which must succeed."""
    done = run(script, *arguments, **options)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr  # noqa: S101, for tests
    return done.stdout.splitlines()
