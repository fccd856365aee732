"""Runs pytest as a Bazel test that fails where too little of the named packages is covered.

Usage: coverage_main.py --cover=PACKAGE… --minimum=PERCENT PYTEST_ARGUMENT…

Lines and branches are held to the minimum separately, in each package by itself: lines are many and easy, and would hide
branches that nothing takes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

from tools.python import pytest_main


@dataclass(frozen=True)
class Share:
    """How many of how many lines or branches of a package ran."""

    package: str
    what: str
    covered: int
    total: int

    @property
    def percent(self) -> float:
        """100 where there is nothing to cover."""
        return 100.0 * self.covered / self.total if self.total else 100.0


def shares(package: str, report: Mapping[str, Mapping[str, int]]) -> tuple[Share, Share]:
    """The package's lines and branches, summed over the files of coverage.py's JSON report (summaries by file)."""

    def total(key: str) -> int:
        return sum(summary[key] for summary in report.values())

    return (
        Share(package, "lines", total("covered_lines"), total("num_statements")),
        Share(package, "branches", total("covered_branches"), total("num_branches")),
    )


def _summaries(coverage: Coverage, package: str) -> Mapping[str, Mapping[str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.json")
        try:
            coverage.json_report(outfile=str(file), include=[f"*/{package.replace('.', '/')}/*"])
        except NoDataError:
            sys.exit(f"no test imports {package}")
        files: Mapping[str, Mapping[str, Mapping[str, int]]] = json.loads(file.read_text())["files"]
    return {name: document["summary"] for name, document in files.items()}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cover", action="append", required=True)
    parser.add_argument("--minimum", type=float, required=True)
    options, for_pytest = parser.parse_known_args(arguments)
    coverage = Coverage(
        data_file=None,
        branch=True,
        config_file=False,
        source_pkgs=options.cover,
        omit=["*_test.py", "*/conftest.py"],
        messages=False,
    )
    coverage.start()
    code = pytest_main.main(for_pytest)
    coverage.stop()
    if code:
        return code
    coverage.report(show_missing=True, skip_covered=True)
    found = [share for package in options.cover for share in shares(package, _summaries(coverage, package))]
    for share in found:
        verdict = "" if share.percent >= options.minimum else f"  TOO LITTLE: at least {options.minimum:g} % must be"
        print(f"{share.package}: {share.percent:.1f} % of {share.total} {share.what}{verdict}")
    return int(any(share.percent < options.minimum for share in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
