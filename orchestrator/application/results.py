"""Use cases: ask how a deliberation stands, and insist that it completed."""

from orchestrator.application.ports import DeliberationStore
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.errors import (
    DeliberationCancelled,
    DeliberationFailed,
    DeliberationTimedOut,
    DependencyLost,
    FieldViolation,
    InvalidRequest,
    UnknownDeliberation,
)


class GetDeliberationResult:
    """Looks a deliberation up."""

    def __init__(self, store: DeliberationStore) -> None:
        self._store = store

    async def __call__(self, task_id: str) -> Deliberation:
        """The deliberation as it stands. Raises InvalidRequest or UnknownDeliberation."""
        if not task_id:
            raise InvalidRequest([FieldViolation("task_id", "must not be empty")])
        deliberation = await self._store.load(task_id)
        if deliberation is None:
            raise UnknownDeliberation(task_id)
        return deliberation


def require_in_time(deliberation: Deliberation) -> None:
    """Raises DeliberationTimedOut if that is how it ended."""
    if deliberation.status is Status.TIMEOUT:
        raise DeliberationTimedOut(deliberation.error)


def require_completed(deliberation: Deliberation) -> None:
    """Raises what tells a caller why there is no winner, unless there is one."""
    require_in_time(deliberation)
    if deliberation.status is Status.COMPLETED:
        return
    if deliberation.status is Status.CANCELLED:
        raise DeliberationCancelled(deliberation.error)
    if deliberation.lost_dependency:
        raise DependencyLost(deliberation.lost_dependency, deliberation.error)
    raise DeliberationFailed(deliberation.error)
