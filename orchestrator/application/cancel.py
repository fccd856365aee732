"""Use case: end a deliberation before it is over."""

import asyncio
import logging
from dataclasses import replace

from orchestrator.application.dispatcher import Dispatcher
from orchestrator.application.ownership import Ownership
from orchestrator.application.ports import Clock, DeliberationStore, VersionConflict
from orchestrator.application.results import GetDeliberationResult
from orchestrator.domain.bounds import too_long
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import DependencyLost, InvalidRequest

_log = logging.getLogger(__name__)

MAX_REASON = 1000


class CancelDeliberation:
    """Ends a deliberation as CANCELLED and has its agents drop their steps. Any instance can do it."""

    def __init__(self, store: DeliberationStore, ownership: Ownership, dispatcher: Dispatcher, clock: Clock) -> None:
        self._store = store
        self._ownership = ownership
        self._dispatcher = dispatcher
        self._clock = clock
        self._look_up = GetDeliberationResult(store)
        self._ending: set[asyncio.Task[tuple[bool, Deliberation]]] = set()

    async def __call__(self, task_id: str, reason: str) -> tuple[bool, Deliberation]:
        """Whether this call ended it, and how it stands. One that is over stays as it is.

        Raises InvalidRequest, UnknownDeliberation or DependencyLost.
        """
        if faults := [*too_long("reason", reason, MAX_REASON)]:
            raise InvalidRequest(faults)
        # A client that hangs up here must not leave a deliberation behind that is cancelled and whose agents go on.
        ending = asyncio.create_task(self._end(task_id, reason))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return await asyncio.shield(ending)

    async def _end(self, task_id: str, reason: str) -> tuple[bool, Deliberation]:
        attempt: Deliberation | None = None
        while True:
            deliberation = await self._look_up(task_id)
            if attempt and replace(attempt, version=deliberation.version) == deliberation:
                # It was written, and the answer to that was lost.
                await self._publish(deliberation)
                return True, deliberation
            if not deliberation.cancel(reason, self._clock.now_ms()):
                return False, deliberation
            try:
                await self._store.save(deliberation)
            except VersionConflict:
                attempt = deliberation
                continue
            await self._publish(deliberation)
            return True, deliberation

    async def _publish(self, deliberation: Deliberation) -> None:
        _log.info("deliberation is cancelled", extra={"task_id": deliberation.task_id, "reason": deliberation.error})
        try:
            await self._dispatcher.advanced(deliberation, ())
        except DependencyLost as lost:
            # It is cancelled whether or not somebody can be told now; its owner tells them later.
            _log.warning("that it is cancelled is announced later: %s", lost)
            self._ownership.doubt(deliberation.task_id)
        else:
            self._ownership.forget(deliberation.task_id)
