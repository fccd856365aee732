"""Reading a deliberation for somebody who waits for it."""

import asyncio
import time

from orchestrator.application.ports import DeliberationStore
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import DependencyLost, UnknownDeliberation

PATIENCE_S = 30.0
_PAUSE_S = 0.25


class PatientReader:
    """Reads deliberations. A store that is lost is waited for, for `patience_s` seconds: what it holds goes on with it."""

    def __init__(self, store: DeliberationStore, patience_s: float = PATIENCE_S) -> None:
        self._store = store
        self._patience_s = patience_s

    async def load(self, task_id: str) -> Deliberation:
        """The deliberation. Raises UnknownDeliberation, or DependencyLost."""
        until = time.monotonic() + self._patience_s
        while True:
            try:
                deliberation = await self._store.load(task_id)
            except DependencyLost:
                if time.monotonic() >= until:
                    raise
            else:
                if deliberation is None:
                    raise UnknownDeliberation(task_id)
                return deliberation
            await asyncio.sleep(_PAUSE_S)
