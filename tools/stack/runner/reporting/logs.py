"""Containers' output, as conmon writes it in its k8s-file format: "TIME STREAM P|F TEXT", P for a part of a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TAIL_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of output. `complete` is false when more of the same line follows."""

    time: str
    text: str
    complete: bool


def parse(line: str) -> Record | None:
    """None for what is not a record, such as a line still being written."""
    parts = line.split(" ", 3)
    if len(parts) < 3 or parts[2] not in ("P", "F"):
        return None
    return Record(parts[0], parts[3] if len(parts) == 4 else "", parts[2] == "F")


def lines(path: Path, last_bytes: int | None = None, start: int = 0) -> Iterator[tuple[str, str]]:
    """Time and text of each whole line that the container wrote: behind the first `start` bytes of the log.

    With `last_bytes`, of the end of the log only.
    """
    try:
        with path.open("rb") as file:
            if last_bytes and path.stat().st_size > last_bytes:
                file.seek(-last_bytes, 2)
                file.readline()
            elif start:
                file.seek(start)
            begun, time = "", ""
            for raw in file:
                record = parse(raw.decode(errors="replace").rstrip("\n"))
                if record is None:
                    continue
                begun, time = begun + record.text, time or record.time
                if record.complete:
                    yield time, begun
                    begun, time = "", ""
            if begun:
                yield time, begun
    except FileNotFoundError:
        return


def tail(path: Path, count: int = 25) -> list[str]:
    """The container's last `count` lines."""
    return [text for _, text in lines(path, _TAIL_BYTES)][-count:]


def last_line(path: Path) -> str:
    """The last line that says something."""
    return next((text.strip() for text in reversed(tail(path)) if text.strip()), "")


def evidence(name: str, path: Path) -> str:
    """The end of a container's log, as what follows a diagnosis; empty when the log is."""
    end = tail(path)
    return "\n".join([f"--- the end of {name}'s log:", *(f"    {line}" for line in end)]) if end else ""


def write_plain(source: Path, target: Path, start: int = 0) -> None:
    """Copies a log, behind its first `start` bytes, as people read it: one line of "TIME TEXT" each."""
    with target.open("w") as file:
        file.writelines(f"{time} {text}\n" for time, text in lines(source, start=start))


class Follower:
    """Reads what a container has written since the last call; at first, what is behind the first `position` bytes."""

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path = path
        self._position = position

    def read(self) -> str:
        """New output, as the container wrote it; empty when there is none."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return ""
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        records = (parse(line) for line in whole.decode(errors="replace").splitlines())
        return "".join(record.text + ("\n" if record.complete else "") for record in records if record)


class LineFollower:
    """Reads the whole lines that a container has written since the last call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def read(self) -> Iterator[tuple[str, str]]:
        """Time and text of each new line that is whole; none when the file isn't there."""
        begun, time, position = "", "", self._position
        try:
            with self._path.open("rb") as file:
                file.seek(position)
                for raw in file:
                    if not raw.endswith(b"\n"):
                        return
                    position += len(raw)
                    record = parse(raw.decode(errors="replace").rstrip("\n"))
                    begun, time = begun + (record.text if record else ""), time or (record.time if record else "")
                    if record is None or record.complete:
                        self._position = position
                    if record and record.complete:
                        yield time, begun
                        begun, time = "", ""
        except FileNotFoundError:
            return
