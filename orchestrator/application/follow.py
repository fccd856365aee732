"""Use case: follow a deliberation as it happens."""

import asyncio
from collections.abc import AsyncGenerator

from orchestrator.application.patience import PatientReader
from orchestrator.application.results import require_completed
from orchestrator.application.wake_ups import WakeUps
from orchestrator.domain.updates import Update, updates


class FollowDeliberation:
    """Reports what happened in a deliberation from its beginning, then what happens, in whichever process.

    Each report is worked out from the stored deliberation when its reader is ready for it. Nothing is queued, so a
    slow reader costs no more memory than a quick one; and to stop reading ends nothing.
    """

    def __init__(self, reader: PatientReader, wake_ups: WakeUps, look_again_s: float = 5.0) -> None:
        self._reader = reader
        self._wake_ups = wake_ups
        self._look_again_s = look_again_s

    async def __call__(self, task_id: str) -> AsyncGenerator[Update, None]:
        """Each update until it is over.

        Raises UnknownDeliberation, DependencyLost, or at the end what tells why there are no results.
        """
        seen = 0
        with self._wake_ups.moves(task_id) as moved:
            while True:
                moved.clear()
                deliberation = await self._reader.load(task_id)
                for update in updates(deliberation, seen):
                    seen += 1
                    yield update
                if deliberation.final:
                    require_completed(deliberation)
                    return
                await _either(moved, self._look_again_s)


async def _either(moved: asyncio.Event, seconds: float) -> None:
    """Returns when it has moved, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await moved.wait()
    except TimeoutError:
        return
