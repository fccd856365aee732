"""The table of all scenarios, for people and programs."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# The rows as data, beside faults.txt.
FILE = "faults.json"
_HEAD = ["scenario", "in flight", "completed", "failed", "requests", "again", "dead", "fault s", "recovery s"]


@dataclass(frozen=True)
class Row:
    """What a fault came to. Times are in seconds.

    `recovery` is from the end of the fault until the last deliberation was over; what it would have taken anyway is
    in the row of no fault. `duplicates` are requests to the model beyond the first of each step.
    """

    scenario: str
    in_flight: int
    completed: int
    failed: int
    reasons: dict[str, int]
    requests: int
    duplicates: int
    dead_letters: int
    fault: float
    recovery: float

    def cells(self) -> list[str]:
        """The row as text, a cell for each column."""
        numbers = (self.in_flight, self.completed, self.failed, self.requests, self.duplicates, self.dead_letters)
        return [self.scenario, *map(str, numbers), f"{self.fault:.1f}", f"{self.recovery:.1f}"]


@dataclass
class Table:
    """Rows so far; each is written at once, so that a failure keeps those before it."""

    directory: Path
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Adds a row to faults.txt and faults.json."""
        self.rows.append(row)
        (self.directory / "faults.txt").write_text(text(self.rows))
        documents = [dataclasses.asdict(each) for each in self.rows]
        (self.directory / FILE).write_text(json.dumps(documents, indent=2) + "\n")


def text(rows: Sequence[Row]) -> str:
    """A table in plain text."""
    cells = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    reasons: list[dict[str, int]] = [{}, *(row.reasons for row in rows)]
    lines = []
    for (scenario, *numbers), why in zip(cells, reasons, strict=True):
        right = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join([scenario.ljust(widths[0]), *right]))
        lines += [f"    {count} x {ascii(reason)[1:-1]}" for reason, count in why.items()]
    return "\n".join(lines) + "\n"
