"""Snapshots on the disk: each is whole or not there, and all together stay below a size."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.stack.runner.process import ProcessIdentity

MOST_BYTES = 12 << 30

_CONTENT = "content.json"
_DRAFT = "draft"
_SEPARATOR = "~"


class DamagedError(Exception):
    """A snapshot is not what was kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A snapshot that is kept; `used` is when, in seconds since the epoch."""

    path: Path
    size: int
    used: float


class Store:
    """A directory with one directory a snapshot, named by its key.

    What is being made or removed has another name, with the process that does so in it: when that is dead, the rest is
    swept.
    """

    def __init__(self, directory: Path, most_bytes: int = MOST_BYTES) -> None:
        self._directory = directory
        self._most_bytes = most_bytes

    @contextmanager
    def opened(self, key: str) -> Iterator[Path | None]:
        """The snapshot of that key, which stays for the duration of the block; None where there is none.

        Raises DamagedError when it is not complete.
        """
        path = self._directory / key
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._check(path)
            with contextlib.suppress(FileNotFoundError):
                os.utime(path / _CONTENT)
            yield path
        finally:
            os.close(descriptor)

    def has(self, key: str) -> bool:
        """Whether there is a snapshot of that key."""
        return (self._directory / key).is_dir()

    @contextmanager
    def draft(self, key: str) -> Iterator[Path]:
        """A directory to make a snapshot in; it is kept when the block ends well, unless another was quicker."""
        draft = self._aside(key)
        draft.mkdir(parents=True, mode=0o700)
        try:
            yield draft
            (draft / _CONTENT).write_text(json.dumps(_sizes(draft)))
            with contextlib.suppress(OSError):  # There is one of that key by now.
                draft.rename(self._directory / key)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self.shrink(keep=key)

    def discard(self, key: str) -> bool:
        """Removes the snapshot of that key; whether there was one."""
        aside = self._aside(key)
        try:
            (self._directory / key).rename(aside)
        except FileNotFoundError:
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def entries(self) -> list[Entry]:
        """The snapshots that are kept, the least recently used first."""
        found = []
        for path in self._kept():
            with contextlib.suppress(OSError, ValueError, AttributeError):
                used = (path / _CONTENT).stat().st_mtime
                found.append(Entry(path, sum(json.loads((path / _CONTENT).read_text()).values()), used))
        return sorted(found, key=lambda entry: entry.used)

    def shrink(self, keep: str = "") -> list[str]:
        """Removes the least recently used ones until the rest fits; the keys of those removed.

        That of the key `keep` stays, and so do those that are being thawed.
        """
        entries = self.entries()
        total, removed = sum(entry.size for entry in entries), []
        for entry in entries:
            if total <= self._most_bytes:
                break
            if entry.path.name != keep and not _in_use(entry.path) and self.discard(entry.path.name):
                total -= entry.size
                removed.append(entry.path.name)
        return removed

    def room(self) -> int:
        """Bytes that are free where snapshots are kept."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._directory).free

    def sweep(self) -> None:
        """Removes what a process that is dead was making, or removing."""
        for path in self._directory.glob(f"{_DRAFT}{_SEPARATOR}*"):
            owner = path.name.split(_SEPARATOR)[1]
            if not ProcessIdentity.parse(owner).is_alive():
                shutil.rmtree(path, ignore_errors=True)

    def clear(self) -> int:
        """Removes all snapshots; how many there were."""
        self.sweep()
        return sum(self.discard(path.name) for path in self._kept())

    def _kept(self) -> list[Path]:
        if not self._directory.is_dir():
            return []
        return [path for path in self._directory.iterdir() if not path.name.startswith(_DRAFT)]

    def _aside(self, key: str) -> Path:
        owner, unique = ProcessIdentity.current(), os.urandom(4).hex()
        return self._directory / _SEPARATOR.join((_DRAFT, str(owner), key, unique))

    @staticmethod
    def _check(path: Path) -> None:
        try:
            expected = json.loads((path / _CONTENT).read_text())
            found = _sizes(path)
        except (OSError, ValueError) as error:
            raise DamagedError(f"it is incomplete: {error}") from error
        found.pop(_CONTENT, None)
        if found != expected:
            raise DamagedError("its files are not those that were kept")


def _sizes(directory: Path) -> dict[str, int]:
    """The size in bytes of each file below the directory."""
    return {str(path.relative_to(directory)): path.stat().st_size for path in directory.rglob("*") if path.is_file()}


def _in_use(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
