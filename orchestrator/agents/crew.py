"""Has agents work, wherever they are. Knows nothing of Ray: what is Ray's stands behind Member."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

_log = logging.getLogger(__name__)

_PAUSE_S = 0.5


class Member(Protocol):
    """An agent that works when it is asked to. It may die, and be there again."""

    async def run(self) -> None:
        """Has it work; returns or raises when it does not any more."""

    async def stop(self) -> None:
        """Has it end what it does."""


class Crew:
    """Keeps all members at work."""

    def __init__(self, members: Sequence[Member], pause_s: float = _PAUSE_S) -> None:
        self._members = tuple(members)
        self._pause_s = pause_s

    async def work(self, stop: asyncio.Event, patience_s: float) -> None:
        """Has them work until `stop` is set, and gives them `patience_s` seconds to end then."""
        working = [asyncio.create_task(self._keep_at_work(member)) for member in self._members]
        try:
            await stop.wait()
        finally:
            for task in working:
                task.cancel()
        stopping = [asyncio.create_task(member.stop()) for member in self._members]
        if stopping:
            await asyncio.wait(stopping, timeout=patience_s)
        for task in stopping:
            task.cancel()
        # Whether they ended well is of no use to anybody now.
        await asyncio.gather(*stopping, return_exceptions=True)

    async def _keep_at_work(self, member: Member) -> None:
        """A member that died is started again by Ray; what it did has to be asked for again."""
        said = ""
        while True:
            reason = "it returned"
            try:
                await member.run()
            except Exception as error:  # noqa: BLE001
                # Whatever it is, the others go on, and this one is asked again.
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
            if reason != said:
                said = reason
                _log.warning("an agent stopped: %s", reason)
            await asyncio.sleep(self._pause_s)


class Engagement:
    """Work that is done in one process at a time, until it is told to end."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Does the work. Who asks while it is being done waits for its end."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        running = self._running
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            if not running.cancelled():
                raise

    async def stop(self, patience_s: float) -> None:
        """Ends the work, and gives it `patience_s` seconds to close what it holds."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running], timeout=patience_s)
