"""Wakes those in this process who wait for a deliberation to move, or to be over."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class WakeUps:
    """Connects the news that a deliberation has moved with those who wait for it in this process.

    A wake-up is a hint: who wakes looks at the stored deliberation. Each waiter also looks now and then by itself,
    so one that is lost delays it and no more. Nothing is queued: who is slow finds one wake-up for many moves.
    """

    def __init__(self) -> None:
        self._ends: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._moves: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def end(self, task_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the deliberation is over, for the duration of the block."""
        with _registered(self._ends, task_id) as event:
            yield event

    @contextmanager
    def moves(self, task_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the deliberation has moved, for the duration of the block."""
        with _registered(self._moves, task_id) as event:
            yield event

    async def moved(self, task_id: str, *, over: bool) -> None:
        """As a MoveAnnouncer: wakes this process."""
        self.wake(task_id, over=over)

    def wake(self, task_id: str, *, over: bool) -> None:
        """Wakes everybody whom a move of this deliberation concerns."""
        for waiting in (self._moves, self._ends) if over else (self._moves,):
            for event in waiting.get(task_id, ()):
                event.set()


@contextmanager
def _registered(waiting: defaultdict[str, set[asyncio.Event]], task_id: str) -> Iterator[asyncio.Event]:
    event = asyncio.Event()
    waiting[task_id].add(event)
    try:
        yield event
    finally:
        waiting[task_id].discard(event)
        if not waiting[task_id]:
            del waiting[task_id]
