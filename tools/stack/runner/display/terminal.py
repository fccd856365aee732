"""Lines at the bottom of a terminal that are drawn anew in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TextIO

# ECMA-48: to the start of the row N above, and erase from there to the end of the screen.
_UP, _ERASE = "\x1b[{}F", "\r\x1b[J"


def is_live(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written there can be drawn over."""
    return stream.isatty() and environment.get("TERM", "") != "dumb"


def may_color(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a terminal is to be written to in colour (https://no-color.org)."""
    return not environment.get("NO_COLOR")


def printable(text: str) -> str:
    """The text without what would give orders to a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


class Board:
    """The last rows of a terminal. A line is cut where the row ends, and lines that have no row are left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._widths: list[int] = []  # Of the lines that are drawn.

    def draw(self, lines: Sequence[str], codes: Sequence[str] = ()) -> None:
        """Draws these lines in place of those before; each in the colour that its ECMA-48 code stands for, if any."""
        columns, rows = shutil.get_terminal_size()
        shown = [printable(line)[: columns - 1] for line in lines[: max(1, rows - 1)]]
        padded = [*codes, *[""] * len(shown)]
        colored = [f"\x1b[{code}m{line}\x1b[0m" if code else line for line, code in zip(shown, padded, strict=False)]
        self._stream.write(self._erasing(columns) + "\n".join(colored))
        self._stream.flush()
        self._widths = [len(line) for line in shown]

    def erase(self) -> None:
        """Takes the lines away: what is written next stands where they stood."""
        if self._widths:
            self._stream.write(self._erasing(shutil.get_terminal_size().columns))
            self._widths = []

    def _erasing(self, columns: int) -> str:
        # A terminal that was made narrower has broken lines in two.
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        return (_UP.format(rows - 1) if rows > 1 else "") + _ERASE
