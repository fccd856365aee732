"""What a benchmark is: variants that do the same job, what is measured of each, and what is claimed of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Better(Enum):
    """Which of two values of a metric is the better one."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure that variants are compared by. `unit` is written behind its values, such as "s" or "steps/s"."""

    name: str
    title: str
    unit: str = "s"
    better: Better = Better.LOWER


@dataclass(frozen=True, slots=True)
class Setting:
    """What a measurement is given.

    `directory` is the benchmark's own, empty at first and deleted at the end. `say` tells a person how it goes.
    `short` asks for the least that still means something.
    """

    directory: Path
    say: Callable[[str], None]
    short: bool = False


Measure = Callable[[Setting], Awaitable[Mapping[str, float]]]


class LeftOut(Exception):
    """Raised by `measure` where a variant is not possible here: not a failure. Its text is the reason."""


class MeasurementFailed(Exception):
    """Raised by `measure` where what it measures did not work. Its text is one line."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to do the job; `what` is a sentence for people.

    `measure` does it once and returns metrics by name: not each variant has each metric. It is cancelled after
    `timeout` seconds, which counts as a failure, and leaves nothing behind, whatever happens. The short mode leaves out
    what is a `detail`: a variant that no claim needs.
    """

    name: str
    what: str
    measure: Measure
    timeout: float = 600.0
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What a metric is said to be.

    With `baseline`, `at_least` is how many times better the median of `ours` is than the baseline's; without, the
    median of `ours` itself is at least or at most so much.
    """

    metric: str
    ours: str
    baseline: str = ""
    at_least: float | None = None
    at_most: float | None = None


def _nothing_to_prepare(_: Setting) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Variants that are measured in turn: A B C A B C …, so that what disturbs the machine disturbs them alike.

    Everything is measured `rounds` times, `short_rounds` times in the short mode, after `warmups` rounds that don't
    count. `prepare` is entered before the first and left after the last. Raises ValueError where a claim names what
    there isn't.
    """

    name: str
    title: str
    metrics: Sequence[Metric]
    variants: Sequence[Variant]
    claims: Sequence[Claim] = ()
    rounds: int = 5
    short_rounds: int = 2
    warmups: int = 0
    prepare: Callable[[Setting], AbstractAsyncContextManager[None]] = _nothing_to_prepare

    def __post_init__(self) -> None:
        variants, metrics = [v.name for v in self.variants], [m.name for m in self.metrics]
        for kind, names in (("variant", variants), ("metric", metrics)):
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{self.name}: every {kind} needs a name of its own, and there must be one: {names}")
        for claim in self.claims:
            unknown = {claim.ours, claim.baseline or claim.ours} - set(variants) | {claim.metric} - set(metrics)
            if unknown:
                raise ValueError(f"{self.name}: a claim names {', '.join(sorted(unknown))}, which there isn't")
            if (claim.at_least is None) == (claim.at_most is None) or (claim.baseline and claim.at_least is None):
                raise ValueError(f"{self.name}: a claim on {claim.metric} needs one limit; with a baseline, at_least")

    def metric(self, name: str) -> Metric:
        """Raises KeyError where there is none of that name."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)
