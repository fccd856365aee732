"""Wakes those who wait for a deliberation to be over."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Completions:
    """Connects announcements that a deliberation is over with those who wait for it in this process.

    A wake-up is a hint: who wakes looks at the stored deliberation. Each waiter also looks now and then by itself,
    so an announcement that is lost delays it and no more.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def expect(self, task_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the deliberation is announced, for the duration of the block."""
        event = asyncio.Event()
        self._waiting[task_id].add(event)
        try:
            yield event
        finally:
            self._waiting[task_id].discard(event)
            if not self._waiting[task_id]:
                del self._waiting[task_id]

    def announce(self, task_id: str) -> None:
        """Wakes everybody who waits for this deliberation."""
        for event in self._waiting.get(task_id, ()):
            event.set()
