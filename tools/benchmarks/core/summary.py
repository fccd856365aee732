"""Many values as few."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of some values, and their spread: the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Raises ValueError where there are none."""
        if not values:
            raise ValueError("no values")
        return cls(statistics.median(values), min(values), max(values))
