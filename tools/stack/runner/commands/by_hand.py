"""What a person can ask of a stack_test with `bazel run`, where Bazel does not end what it leaves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.stack.runner.errors import ManifestError

_DESCRIPTION = """\
Runs a stack and its tests, and removes all of it: what `bazel test` does. Two options are for people, and work with
`bazel run` alone. All other arguments are pytest's.
"""
_EXAMPLES = """\
examples:
  bazel run {target} -- --attach                  the tests, against the stack that stack_up has brought up
  bazel run {target} -- --attach -k deliberate    those whose names match
  bazel run {target} -- --attach -x -vv            any other options of pytest; -h has them
  bazel run {target} -- --keep                    a run of its own, which stays up when it fails

Services whose image, declaration or files differ from what is up are replaced first, and only those: edit, attach, see.
The stack stays up, whatever becomes of the tests; several --attach can run at once.
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; `pytest` is the rest."""

    attach: bool
    keep: bool
    pytest: tuple[str, ...]


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Wishes:
    """Takes what is asked for from a stack_test's arguments. Raises ManifestError where `bazel test` runs it.

    `--help` prints all that can be asked for, and ends the program.
    """
    target = environment.get("TEST_TARGET") or "//e2e:test"
    parser = argparse.ArgumentParser(
        prog=f"bazel run {target} --",
        usage="%(prog)s [--attach | --keep] [PYTEST_ARGUMENT...]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(target=target),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--attach", action="store_true", help="run the tests against the stack that is up")
    either.add_argument("--keep", action="store_true", help="leave the stack up when the run fails")
    parser.add_argument("--help", action="help", help="this")
    options, pytest = parser.parse_known_args(arguments)
    asked = "--attach" if options.attach else "--keep" if options.keep else ""
    if asked and not environment.get("BUILD_WORKSPACE_DIRECTORY"):
        raise ManifestError(
            f"{asked} takes `bazel run {target} -- {asked}`: what `bazel test` leaves, Bazel ends, and its result is cached"
        )
    return Wishes(options.attach, options.keep, tuple(pytest))
