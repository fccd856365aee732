"""Use case: keep what happened in a case."""

import json

from orchestrator.application.ports import ContextStore, UnreadableMessage
from orchestrator.domain.context import InvalidContextEvent, parse_event


class KeepContextEvent:
    """Takes in an event of a case."""

    def __init__(self, contexts: ContextStore) -> None:
        self._contexts = contexts

    async def __call__(self, subject: str, data: bytes) -> None:
        """Keeps the event. Raises UnreadableMessage for one that is not of the documented form, or DependencyLost."""
        try:
            event = parse_event(json.loads(data))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, InvalidContextEvent) else "not JSON"
            raise UnreadableMessage(f"not a context event: {reason}") from error
        await self._contexts.append(event)
