"""Bytecode compiled ahead of time, the same bytes wherever and whenever it is compiled.

Two things would make it vary. A .pyc names the source's time, unless it is of the unchecked-hash
kind (PEP 552), which also saves a start from looking at the sources. And marshal marks an
object as shared by its reference count, which depends on what else the process holds: so files
are compiled in batches that depend on the files alone, each in a fresh interpreter.
"""

import importlib.util
import marshal
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

VERSION = (3, 11)
_BATCH_FILES = 100
_BATCH_PROGRAM = Path(__file__).with_name("compile_batch.py")


class Source(NamedTuple):
    """A Python file: where it will be in the image, relative to the root, and its text."""

    path: str
    content: bytes


def pyc_path(path: str) -> str:
    """Where Python looks for the bytecode of the source at `path`."""
    return importlib.util.cache_from_source(path, optimization="")


def compiled(sources: Iterable[Source]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each source's .pyc, in the sources' order.

    A source that is no valid Python (a template, say) has none.
    """
    if sys.version_info[:2] != VERSION:
        found = ".".join(map(str, sys.version_info[:2]))
        raise RuntimeError(f"the images run Python 3.11, and {found} cannot compile for it")
    # -P -s -S: nothing of this machine is imported; a fixed hash seed orders sets.
    command = [sys.executable, "-P", "-s", "-S", "-W", "ignore", str(_BATCH_PROGRAM)]

    def run(batch: list[Source]) -> list[bytes | None]:
        sent = marshal.dumps([(f"/{path}", content) for path, content in batch])
        result = subprocess.run(
            command,
            input=sent,
            stdout=subprocess.PIPE,
            check=True,
            env={"PYTHONHASHSEED": "0"},
        )
        answer: list[bytes | None] = marshal.loads(result.stdout)  # noqa: S302, from a child of ours
        return answer

    remaining = iter(sources)
    batches = list(iter(lambda: list(islice(remaining, _BATCH_FILES)), []))
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for batch, results in zip(batches, workers.map(run, batches), strict=True):
            for source, content in zip(batch, results, strict=True):
                if content is not None:
                    yield pyc_path(source.path), content
