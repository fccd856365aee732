"""Refreshes requirements.lock from requirements.in: `bazel run //tools/locks:python`.

Versions stay as they are where requirements.in allows it; `-- --upgrade` takes the newest that agree, and
`-- --upgrade-package=grpcio` those of one distribution.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tools.locks import pip_configuration
from tools.locks.lock_file import LockError, parse_pins, render_lock
from tools.locks.resolver import Resolver

_FOLDER = Path("tools/locks")


def refresh(folder: Path, uv: Path, options: list[str]) -> str:
    """The new text of the lock; nothing in the folder is changed."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("requirements.in", "excludes.txt"):
            shutil.copy(folder / name, scratch)
        requirements = Path(scratch, "requirements.in")
        resolver = Resolver(uv, pip_configuration.read(), requirements, requirements.with_name("excludes.txt"))
        lock = folder / "requirements.lock"
        resolved = resolver.resolve(lock.read_text() if lock.exists() else "", options)
        return render_lock(resolver.wheels(parse_pins(resolved)))


def main(arguments: list[str]) -> None:
    uv = Path(arguments[0]).absolute()
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.exit("start this with `bazel run //tools/locks:python`: it writes into the source tree")
    folder = Path(workspace, _FOLDER)
    lock = folder / "requirements.lock"
    try:
        text = refresh(folder, uv, arguments[1:])
    except LockError as error:
        sys.exit(f"requirements.lock is as it was: {error}")
    scratch = lock.with_suffix(".new")
    scratch.write_text(text)
    scratch.replace(lock)
    print(f"{lock}: {text.count('--hash=')} distributions")


if __name__ == "__main__":
    main(sys.argv[1:])
