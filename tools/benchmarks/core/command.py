"""The command line of every benchmark."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.benchmarks.core.benchmark import Benchmark
from tools.benchmarks.core.claims import Judgement, judge
from tools.benchmarks.core.document import Run, document
from tools.benchmarks.core.machine import Machine, commit
from tools.benchmarks.core.measure import measure
from tools.benchmarks.core.page import page
from tools.benchmarks.core.results import Results
from tools.benchmarks.core.table import table, times
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.reporting.timeline import Timeline

JSON, PAGE = "benchmarks.json", "benchmarks.html"
_DIRECTORY = "benchmark-results"
_FAILED = 1
_USAGE = 2

_DESCRIPTION = f"""\
Measures what people use today and what is here, side by side and in turn, on this machine.

Medians with their spread, ratios and what is claimed of them are printed, and written to {JSON} and to {PAGE},
which is one page that needs nothing else.
"""
_EPILOG = """\
benchmarks:
{benchmarks}

The exit status is 1 where something could not be measured, and with --strict also where a claim is missed.
"""


def main(benchmarks: Sequence[Benchmark], arguments: Sequence[str]) -> int:
    """Runs benchmarks; the exit status."""
    options = _parser(benchmarks).parse_args(arguments)
    known = {benchmark.name: benchmark for benchmark in benchmarks}
    unknown = [name for name in options.only if name not in known]
    if unknown:
        print(f"benchmarks: no {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return _USAGE
    # bazel run starts the program elsewhere.
    directory = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.output)
    directory.mkdir(parents=True, exist_ok=True)
    wanted = [known[name] for name in options.only] or list(benchmarks)
    try:
        results = asyncio.run(_interruptible(wanted, options, directory))
    except (asyncio.CancelledError, KeyboardInterrupt):
        print("interrupted; what was complete is written", file=sys.stderr)
        return 128 + signal.SIGINT
    missed = any(verdict.judgement is Judgement.MISSED for each in results for verdict in judge(each))
    complete = all(each.complete for each in results)
    return 0 if complete and not (options.strict and missed) else _FAILED


async def _interruptible(
    benchmarks: Sequence[Benchmark], options: argparse.Namespace, directory: Path
) -> list[Results]:
    """Runs them; SIGTERM ends it as well as Ctrl-C does."""
    task = asyncio.ensure_future(_run(benchmarks, options, directory))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


async def _run(benchmarks: Sequence[Benchmark], options: argparse.Namespace, directory: Path) -> list[Results]:
    """Runs one benchmark after the other; what is complete is on the disk from then on."""
    progress = Progress(Timeline())
    # bazel run starts the program elsewhere.
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    run = Run(datetime.now(UTC), Machine.this(), commit(workspace), options.short)
    results: list[Results] = []
    for benchmark in benchmarks:
        rounds = options.rounds or (benchmark.short_rounds if options.short else benchmark.rounds)
        results.append(await measure(benchmark, rounds, progress, short=options.short))
        print(f"\n{table(results[-1])}\n", flush=True)
        written = document(run, results)
        (directory / JSON).write_text(json.dumps(written, indent=1) + "\n")
        (directory / PAGE).write_text(page(written, "\n\n".join(table(each) for each in results)))
    print(f"{times(results)}\n{directory / JSON}\n{directory / PAGE}")
    return results


def _parser(benchmarks: Sequence[Benchmark]) -> argparse.ArgumentParser:
    names = "\n".join(f"  {benchmark.name:<16} {benchmark.title}" for benchmark in benchmarks)
    target = benchmarks[0].name if len(benchmarks) == 1 else "all"
    parser = argparse.ArgumentParser(
        prog=f"bazel run //tools/benchmarks:{target} --",
        description=_DESCRIPTION,
        epilog=_EPILOG.format(benchmarks=names),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=_count, metavar="N", help="measure everything N times [goes by the benchmark]")
    parser.add_argument("--short", action="store_true", help="the least that still means something")
    parser.add_argument("--output", metavar="DIRECTORY", default=_DIRECTORY, help=f"where to write [./{_DIRECTORY}]")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="only this benchmark; can be repeated"
    )
    parser.add_argument("--strict", action="store_true", help="fail where a claim is missed")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"a number of rounds is wanted, and not {text!r}")
    return int(text)
