"""Locks between programs, on files. A lock goes with the process that holds it, however that ends."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

_PAUSE = 0.1


class FileLock:
    """A lock that many can share or one can have for itself. What `opened` yields; nothing is held at first."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def share(self, waiting: Callable[[], None] = lambda: None) -> None:
        """Holds it with others, when nobody has it for itself; `waiting` is called once where somebody has."""
        await self._take(fcntl.LOCK_SH, waiting)

    async def own(self, waiting: Callable[[], None] = lambda: None) -> None:
        """Has it for itself, when nobody holds it; `waiting` is called once where somebody does."""
        await self._take(fcntl.LOCK_EX, waiting)

    def try_to_own(self) -> bool:
        """Has it for itself where nobody else holds it. Where that fails, what was held is lost."""
        return self._try(fcntl.LOCK_EX)

    async def _take(self, kind: int, waiting: Callable[[], None]) -> None:
        if not self._try(kind):
            waiting()
            while not self._try(kind):
                await asyncio.sleep(_PAUSE)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def opened(path: Path) -> Iterator[FileLock]:
    """The lock `path`, a file that is made where there is none. It is given up at the end of the block.

    Raises FileNotFoundError without the file's directory.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield FileLock(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Has the lock for itself during the block."""
    with opened(path) as lock:
        await lock.own()
        yield
