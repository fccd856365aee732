"""What was measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.benchmarks.core.benchmark import Benchmark
from tools.benchmarks.core.summary import Summary


@dataclass(slots=True)
class Measured:
    """What one variant did: in each round its metrics, or the reason why there are none.

    `left_out` is why it was not measured at all.
    """

    rounds: list[dict[str, float] | str] = field(default_factory=list)
    left_out: str = ""

    def values(self, metric: str) -> list[float]:
        """The values of a metric, of those rounds that have one."""
        return [done[metric] for done in self.rounds if isinstance(done, dict) and metric in done]

    def value(self, metric: str, number: int) -> float | None:
        """The value of a round, counted from 0, where it has one."""
        done = self.rounds[number] if number < len(self.rounds) else ""
        return done.get(metric) if isinstance(done, dict) else None

    def summary(self, metric: str) -> Summary | None:
        """None where there are no values."""
        values = self.values(metric)
        return Summary.of(values) if values else None

    @property
    def failures(self) -> list[str]:
        """One line for each round that failed."""
        return [reason for reason in self.rounds if isinstance(reason, str)]


@dataclass(slots=True)
class Results:
    """A benchmark's, by the names of its variants. `failure` is why it could not be prepared; `seconds` is how long it
    took, and `load` is how many processes wanted a processor in the minute before it.
    """

    benchmark: Benchmark
    variants: dict[str, Measured]
    failure: str = ""
    seconds: float = 0.0
    load: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all that should have been measured was."""
        return not self.failure and not any(measured.failures for measured in self.variants.values())
