"""What a person sees while a stack runs: one line per event, with the seconds since the start."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

from tools.stack.runner.timeline import Timeline

_ERASE_LINE = "\r\x1b[K"


class Progress:
    """Writes events to a terminal or a log.

    On a terminal a line at the bottom says all the time what is being waited for; a log is told every ten seconds.
    """

    def __init__(self, timeline: Timeline, stream: TextIO | None = None) -> None:
        self._timeline = timeline
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self.status_interval = 0.2 if self._live else 10.0

    def event(self, text: str, seconds: float | None = None) -> None:
        """Prints one event; `seconds` is how long it took."""
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        self.text(f"{self._timeline.now():7.1f} s  {text}{took}")

    def text(self, text: str) -> None:
        """Prints text as it is."""
        print(f"{_ERASE_LINE if self._live else ''}{text}", file=self._stream, flush=True)

    def status(self, waiting: Mapping[str, str]) -> None:
        """Says what is being waited for, and why each is not ready."""
        if not waiting:
            return
        reasons = [f"{name}: {why}" for name, why in waiting.items()]
        line = f"{self._timeline.now():7.1f} s  waiting for {'; '.join(reasons)}"
        if self._live:
            self._bottom(line)
        else:
            self.text(line)

    def live(self, text: str) -> None:
        """Says on a terminal, in the line at the bottom, how things are; a log is not told."""
        if self._live:
            self._bottom(f"{self._timeline.now():7.1f} s  {text}")

    def _bottom(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        shown = "".join(character if character.isprintable() else "\ufffd" for character in line[:width])
        print(f"{_ERASE_LINE}{shown}", end="", file=self._stream, flush=True)
