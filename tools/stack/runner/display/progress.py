"""What a person sees while a stack runs: one line per event, with the seconds since the start."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from tools.stack.runner.display import terminal
from tools.stack.runner.display.status import Row, table
from tools.stack.runner.reporting.timeline import Timeline


class Progress:
    """Writes events to a terminal or a log.

    On a terminal lines at the bottom say all the time how each service is; a log is told every ten seconds what is
    waited for.
    """

    def __init__(self, timeline: Timeline, stream: TextIO | None = None) -> None:
        self._timeline = timeline
        self._stream = stream or sys.stderr
        self.is_live = terminal.is_live(self._stream)
        self._board = terminal.Board(self._stream)
        self.status_interval = 0.2 if self.is_live else 10.0

    def event(self, text: str, seconds: float | None = None) -> None:
        """Prints one event; `seconds` is how long it took."""
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        self.text(f"{self._timeline.now():7.1f} s  {text}{took}")

    def text(self, text: str) -> None:
        """Prints text as it is."""
        if self.is_live:
            self._board.erase()
        print(text, file=self._stream, flush=True)

    def status(self, waiting: Mapping[str, str], rows: Sequence[Row] = ()) -> None:
        """Says how things are: what is waited for and why each is not ready, or, on a terminal, all of `rows`."""
        if self.is_live and rows:
            self._board.draw(*table(rows, terminal.may_color()))
        elif waiting:
            reasons = "; ".join(f"{name}: {why}" for name, why in waiting.items())
            line = f"{self._timeline.now():7.1f} s  waiting for {reasons}"
            if self.is_live:
                self._board.draw([line])
            else:
                self.text(line)
