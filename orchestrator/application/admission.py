"""Whether a request is worth starting with."""

from collections.abc import Callable

from orchestrator.application.ports import Clock
from orchestrator.domain.errors import Overloaded

_RETRY_AFTER_MS = 1000


class Admission:
    """Remembers for a moment that too many deliberations are unfinished.

    What is refused meanwhile costs nothing but this look, and where it has a task_id one whether that is known: so a flood
    does not slow down what was admitted. `on_refused` is called for each request that is refused, here or by the store.
    """

    def __init__(self, clock: Clock, hold_ms: int = 50, on_refused: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._hold_ms = hold_ms
        self._on_refused = on_refused
        self._limit = 0
        self._refuses_until_ms = 0

    def require(self) -> None:
        """Raises Overloaded if a request was refused just now."""
        if self._clock.now_ms() < self._refuses_until_ms:
            self._on_refused()
            raise Overloaded(self._limit, _RETRY_AFTER_MS)

    def refused(self, limit: int) -> None:
        """The store has refused a request: `limit` deliberations are unfinished."""
        self._limit = limit
        self._refuses_until_ms = self._clock.now_ms() + self._hold_ms
        self._on_refused()
