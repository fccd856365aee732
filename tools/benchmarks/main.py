"""Runs the benchmarks of the modules that `--module=…` names; other arguments are the person's."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from tools.benchmarks.core.benchmark import Benchmark
from tools.benchmarks.core.command import main

_PREFIX = "--module="


def load(arguments: Sequence[str]) -> tuple[list[Benchmark], list[str]]:
    """The BENCHMARK of each module that `--module=…` names, and the other arguments."""
    modules = [argument.removeprefix(_PREFIX) for argument in arguments if argument.startswith(_PREFIX)]
    others = [argument for argument in arguments if not argument.startswith(_PREFIX)]
    return [importlib.import_module(module).BENCHMARK for module in modules], others


if __name__ == "__main__":
    sys.exit(main(*load(sys.argv[1:])))
