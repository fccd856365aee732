"""Runs one linter over a copy of the workspace's files of its kind: what a lint_test is."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.lint.linters import LINTERS
from tools.lint.sources import Sources

_CONFIGURATIONS = Path("tools/lint")


def check(name: str, program: str, listing: Path, beside: Path) -> bool:
    """Says whether a linter finds nothing; what it finds is on its standard output and error.

    Args:
        name: of the linter.
        program: where it is.
        listing: files.txt of @workspace_files.
        beside: a folder laid out as the workspace, with the configurations and with generated code.
    """
    linter = LINTERS[name]
    sources = Sources(listing)
    files = sources.named(linter.kind)
    if not files:
        print(f"{name}: no {linter.kind.value} files")
        return True
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as scratch:
        workspace = Path(scratch)
        _copy_generated(beside, workspace)
        sources.copy(files, workspace)
        good = True
        # Each command runs whatever the one before it found, so that one look shows all there is.
        for command in linter.check(str(Path(program).absolute()), _CONFIGURATIONS, files):
            good &= subprocess.run(command, cwd=workspace, check=False).returncode == 0
        return good


def _copy_generated(beside: Path, workspace: Path) -> None:
    patterns = (f"{_CONFIGURATIONS}/*.*", "**/*_pb2*.py*")
    for pattern in patterns:
        for file in beside.glob(pattern):
            target = workspace / file.relative_to(beside)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("linter", choices=sorted(LINTERS))
    parser.add_argument("program")
    parser.add_argument("listing", help="below the folder of runfiles")
    options = parser.parse_args(arguments)
    listing = Path(os.environ["TEST_SRCDIR"], options.listing)
    if not check(options.linter, options.program, listing, Path.cwd()):
        mend = "bazel run //tools/lint:fix mends what can be mended" if LINTERS[options.linter].fix else "see above"
        sys.exit(f"{options.linter}: {mend}")


if __name__ == "__main__":
    main(sys.argv[1:])
