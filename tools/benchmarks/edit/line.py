"""The line that is edited: one of the orchestrator's own, of which its agents know nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import MeasurementFailed

FILE = Path("orchestrator/runner.py")
_LINE = b'_log.info("listening"'
_numbers = itertools.count(1)


@contextmanager
def edited(tree: Path) -> Iterator[None]:
    """Has the line say something that it has never said before during the block; then the file is what it was."""
    file = tree / FILE
    original = file.read_bytes()
    if original.count(_LINE) != 1:
        raise MeasurementFailed(f"{FILE} has no line to edit: {_LINE.decode()}")
    try:
        file.write_bytes(original.replace(_LINE, _LINE[:-1] + b', edit %d"' % next(_numbers)))
        yield
    finally:
        file.write_bytes(original)
