"""What a person sees while a stack runs: one line per event, with the seconds since the start."""

from __future__ import annotations

import sys
from typing import TextIO

from tools.stack.runner.timeline import Timeline


class Progress:
    """Writes events to a terminal or a log."""

    def __init__(self, timeline: Timeline, stream: TextIO | None = None) -> None:
        self._timeline = timeline
        self._stream = stream or sys.stderr

    def event(self, text: str, seconds: float | None = None) -> None:
        """Prints one event; `seconds` is how long it took."""
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        self.text(f"{self._timeline.now():7.1f} s  {text}{took}")

    def text(self, text: str) -> None:
        """Prints text as it is."""
        print(text, file=self._stream, flush=True)
