"""When a step is tried again, and how many may be."""

import random
import time
from collections.abc import Callable

_FIRST_DELAY_S = 0.25
# So long at most, that work goes on soon after what was lost is back.
_LONGEST_DELAY_S = 4 / 3
_LONGEST_WISH_S = 30.0


def spread() -> float:
    """A factor that keeps those who failed together from trying again together."""
    return random.uniform(0.5, 1.5)  # noqa: S311 (spreads retries, hides nothing)


def delay_s(delivery: int, wish_s: float, jitter: Callable[[], float] = spread) -> float:
    """Seconds until a step is tried again after its `delivery`-th delivery: they double, up to 2.

    `wish_s` is how long the other side asks to be left alone. Up to half a minute is granted.
    """
    delay = min(_FIRST_DELAY_S * 2.0 ** (min(delivery, 16) - 1), _LONGEST_DELAY_S)
    return max(delay * jitter(), min(wish_s, _LONGEST_WISH_S))


class RetryBudget:
    """A token bucket that keeps retries from multiplying the load on a model server that is in trouble.

    A retry takes a token; an answer gives one back. So in the long run there are no more retries than answers, and
    what has to catch up after an outage can, as long as it is answered. One token a second comes by itself.
    """

    def __init__(
        self, capacity: int = 10, per_second: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = float(capacity)
        self._per_second = per_second
        self._monotonic = monotonic
        self._tokens = self._capacity
        self._filled_at = monotonic()

    def take(self) -> bool:
        """Takes a token for a retry; says whether there was one."""
        now = self._monotonic()
        self._add((now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def answered(self) -> None:
        """Says that a request was answered."""
        self._add(1)

    def _add(self, tokens: float) -> None:
        self._tokens = min(self._tokens + tokens, self._capacity)
