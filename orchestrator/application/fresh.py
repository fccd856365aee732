"""What is dear to read is read once for all who ask at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from orchestrator.application.ports import Clock

T = TypeVar("T")

FRESH_MS = 500


class Fresh(Generic[T]):
    """Reads something at most twice a second however many ask; what they get is half a second old at most.

    A reading that fails, fails for all who were waiting for it: a store that hangs is not asked once for each of them.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._found: tuple[int, T] | None = None
        self._reading: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """What was read lately, or is read now. Raises what reading raises."""
        if self._found and 0 <= self._clock.now_ms() - self._found[0] < FRESH_MS:
            return self._found[1]
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_now())
        # Who gives up waiting leaves the reading to the others.
        return await asyncio.shield(self._reading)

    async def _read_now(self) -> T:
        began = self._clock.now_ms()
        found = await self._read()
        self._found = began, found
        return found
