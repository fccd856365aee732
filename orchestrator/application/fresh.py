"""What is dear to read is read once for all who ask at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from orchestrator.application.ports import Clock

T = TypeVar("T")

FRESH_MS = 500


class Fresh(Generic[T]):
    """Reads something at most twice a second however many ask; what they get is half a second old at most."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = asyncio.Lock()
        self._found: tuple[int, T] | None = None

    async def __call__(self) -> T:
        """What was read lately, or is read now. Raises what reading raises."""
        async with self._lock:
            now = self._clock.now_ms()
            if self._found is None or not 0 <= now - self._found[0] < FRESH_MS:
                self._found = now, await self._read()
            return self._found[1]
