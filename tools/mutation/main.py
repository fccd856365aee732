"""Mutation testing: changes the code in small ways, one at a time, and sees whether a unit test notices."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.mutation.results import read, table, total
from tools.mutation.run import MutmutFailed, run_mutmut
from tools.mutation.workspace import lay_out

_ROOT = Path(__file__).parents[2]
_FOLDERS = ("orchestrator", "protos")
_PACKAGES = {name: Path("orchestrator", name) for name in ("domain", "application")}

_TOO_FEW = 1
_USAGE = 2

_EPILOG = """\
examples:
  bazel run //tools/mutation                                  all of the domain: some minutes
  bazel run //tools/mutation -- --module=scoring --module=review
  bazel run //tools/mutation -- --package=application --threshold=0

A survivor is a change that no test noticed: a test is missing, or the code does more than it has to, or the change means
nothing (another word in a message). Which one it is, a person has to judge. A line that ends with `# pragma: no mutate`
is left alone.

Only what functions do is mutated, not constants of modules, nor functions with decorators; mutmut does the work.
"""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0, or 1 where too few mutants were killed, or 2 where none could be tried."""
    options = _parser().parse_args(arguments)
    package = _PACKAGES[options.package]
    dotted = ".".join(package.parts)
    unknown = [name for name in options.module if not (_ROOT / package / f"{name}.py").is_file()]
    if unknown:
        known = sorted(path.stem for path in (_ROOT / package).glob("*.py") if not path.stem.endswith(("_test", "__")))
        print(f"mutation: no module {', '.join(unknown)} in {package}; there are {', '.join(known)}", file=sys.stderr)
        return _USAGE
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        scratch = Path(folder)
        lay_out(_ROOT, _FOLDERS, package, [package], options.seconds, scratch)
        try:
            run_mutmut(scratch, _ROOT, [f"{dotted}.{name}.*" for name in options.module], options.jobs)
        except MutmutFailed as failed:
            print(f"{failed}\nmutation: mutmut failed, see above", file=sys.stderr)
            return _USAGE
        results = [*read(scratch, package)]
    if options.diffs:
        for survivor in total(results).survivors:
            print(f"# {survivor.name}: {survivor.how}\n{survivor.diff}\n")
    print(table(results))
    if total(results).percent < options.threshold:
        print(f"mutation: fewer than {options.threshold:g} % were killed", file=sys.stderr)
        return _TOO_FEW
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/mutation --",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--package", choices=_PACKAGES, default="domain", help="of the orchestrator [domain]")
    parser.add_argument(
        "--module", action="append", default=[], metavar="NAME", help="only this module of it; can be repeated"
    )
    parser.add_argument(
        "--threshold", type=float, default=80, metavar="PERCENT", help="fail where fewer are killed [80]"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="mutants at once [one for each core]"
    )
    parser.add_argument(
        "--seconds", type=float, default=10, metavar="S", help="what a mutant may take beyond its tests' time [10]"
    )
    parser.add_argument(
        "--diffs", action=argparse.BooleanOptionalAction, default=True, help="show what survived [--diffs]"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
