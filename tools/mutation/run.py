"""Runs mutmut, and says how far it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

_PROGRESS = re.compile(r"(?P<done>\d+)/(?P<all>\d+)\s+🎉\s*(?P<killed>\d+)")
_EVERY_S = 10.0
_TAIL = 60


class MutmutFailed(Exception):
    """It could not be run to its end: mostly, the tests fail without any mutant. Its text has what mutmut said last."""


def run_mutmut(scratch: Path, root: Path, patterns: Sequence[str], jobs: int) -> None:
    """Tries every mutant whose name matches one of the patterns (all where there is none). Raises MutmutFailed.

    `root`, from where this program imports, is kept from the tests: they must import the mutants.
    """
    paths = [path for path in sys.path if path and Path(path).resolve() != root.resolve()]
    process = subprocess.Popen(
        [sys.executable, "-m", "mutmut", "run", f"--max-children={jobs}", *patterns],
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    tail: deque[str] = deque(maxlen=_TAIL)
    with process:
        if process.stdout:
            _follow(process.stdout, tail)
    if process.returncode:
        raise MutmutFailed("\n".join(tail))


def _follow(output: IO[str], tail: deque[str]) -> None:
    terminal = sys.stderr.isatty()
    said = 0.0
    for line in _lines(output):
        progress = _PROGRESS.search(line)
        if progress is None:
            tail.append(line)
            continue
        now = time.monotonic()
        if now - said >= (0.2 if terminal else _EVERY_S):
            said = now
            text = f"{progress['done']} of {progress['all']} mutants, {progress['killed']} killed"
            print(f"\r{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)
    if terminal:
        print(file=sys.stderr)


def _lines(output: IO[str]) -> Iterator[str]:
    """mutmut rewrites its line with carriage returns, which text mode reads as ends of lines."""
    for line in output:
        if line.strip():
            yield line.rstrip()
