"""Formats the workspace's files and mends what linters can mend: `bazel run //tools/lint:fix`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.lint.linters import LINTERS
from tools.lint.sources import Sources

_CONFIGURATIONS = Path("tools/lint")


def fix(programs: dict[str, Path], listing: Path, workspace: Path) -> bool:
    """Runs each linter's fix in the workspace and says whether all of them could."""
    sources = Sources(listing)
    good = True
    for name, program in programs.items():
        linter = LINTERS[name]
        files = sources.named(linter.kind)
        if linter.fix is None or not files:
            continue
        print(f"{name}: {len(files)} {linter.kind.value} files", flush=True)
        for command in linter.fix(str(program), _CONFIGURATIONS, files):
            good &= subprocess.run(command, cwd=workspace, check=False).returncode == 0
    return good


def main(arguments: list[str]) -> None:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        sys.exit("start this with `bazel run //tools/lint:fix`: it writes into the source tree")
    listing, *programs = arguments
    # Bazel starts it in the runfiles of the main repository.
    runfiles = Path.cwd().parent
    by_name = {name: Path(path).absolute() for name, _, path in (program.partition("=") for program in programs)}
    if not fix(by_name, runfiles / listing, Path(workspace)):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
