"""`stack_logs`: what the services of a stack that is up have written, all in one stream, as it comes."""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from tools.stack.runner.engine.container import log_path
from tools.stack.runner.engine.podman import LABEL_SERVICE, LABEL_WORKDIR, Podman
from tools.stack.runner.errors import ManifestError
from tools.stack.runner.reporting import logs
from tools.stack.runner.running.standing import is_up, not_up

_INTERVAL = 0.2
_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # Of ECMA-48's foreground colours, those that black and white show.


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show: of which services (none means all), how many lines of each at first (None means all), and whether
    to go on with what they write from then on.
    """

    services: Sequence[str] = ()
    last: int | None = None
    follow: bool = False


async def show(stack: str, wanted: Wanted, out: TextIO | None = None, up: str = "") -> None:
    """Prints the logs of the stack with that label, or of any one with an empty one, that stack_up brought up.

    Following ends when the stack is taken down. Raises StackDownError, which names the program `up`, and ManifestError
    for a service that the stack hasn't.
    """
    paths = await _log_files(stack, wanted.services, up)
    printer = Printer(sorted(paths), out or sys.stdout)
    readers = {name: logs.LineFollower(path) for name, path in paths.items()}
    last = wanted.last
    while True:
        for time, name, text in _new_lines(readers, last):
            printer.line(time, name, text)
        if not wanted.follow or not any(path.exists() for path in paths.values()):
            return
        last = None
        await asyncio.sleep(_INTERVAL)


class Printer:
    """Prints lines with their time of day and the name of their service; in colour on a terminal alone."""

    def __init__(self, names: Sequence[str], out: TextIO) -> None:
        self._out, self._live = out, out.isatty()
        self._width = max((len(name) for name in names), default=0)
        self._colors = {name: _COLORS[index % len(_COLORS)] for index, name in enumerate(names)}

    def line(self, time: str, name: str, text: str) -> None:
        """Prints one line. On a terminal, control characters in it are shown and not obeyed."""
        head = f"{_time_of_day(time)} {name:<{self._width}}"
        if self._live:
            head = f"\x1b[{self._colors[name]}m{head}\x1b[0m"
            text = "".join(
                character if character.isprintable() or character == "\t" else "\ufffd" for character in text
            )
        print(head, text, file=self._out, flush=True)


def _new_lines(readers: Mapping[str, logs.LineFollower], last: int | None) -> Iterator[tuple[str, str, str]]:
    """Time, service and text of all new lines, in the order of time; of each service the last ones only."""

    def lines(name: str, reader: logs.LineFollower) -> Iterator[tuple[str, str, str]]:
        new = reader.read()
        for time, text in new if last is None else deque(new, maxlen=last):
            yield time, name, text

    return heapq.merge(*(lines(name, reader) for name, reader in readers.items()), key=lambda line: line[0])


async def _log_files(stack: str, services: Sequence[str], up: str) -> dict[str, Path]:
    podman = Podman()
    await podman.check()
    found = [r for r in await podman.resources() if r.kind == "container" and is_up(r, stack)]
    if not found:
        raise not_up(stack, up)
    places = [(r.labels[LABEL_SERVICE], Path(r.labels[LABEL_WORKDIR])) for r in found]
    paths = {name: log_path(workdir, name) for name, workdir in places}
    for name in services:
        if name not in paths:
            raise ManifestError(f"there is no service '{name}' that is up ({', '.join(sorted(paths))})")
    return {name: path for name, path in paths.items() if not services or name in services}


def _time_of_day(time: str) -> str:
    try:
        return datetime.fromisoformat(time).strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return time
