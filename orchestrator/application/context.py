"""Use case: keep what happened in a case."""

import json
import logging

from orchestrator.application.ports import ContextStore
from orchestrator.domain.context import InvalidContextEvent, parse_event

_log = logging.getLogger(__name__)


class KeepContextEvent:
    """Takes in an event of a case."""

    def __init__(self, contexts: ContextStore) -> None:
        self._contexts = contexts

    async def __call__(self, subject: str, data: bytes) -> None:
        """Keeps the event. One that is not of the documented form is logged and dropped: no repeat would mend it."""
        try:
            event = parse_event(json.loads(data))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, InvalidContextEvent) else "not JSON"
            _log.warning("dropped a context event: %s", reason, extra={"subject": subject})
            return
        await self._contexts.append(event)
