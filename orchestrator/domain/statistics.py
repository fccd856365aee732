"""What is measured of deliberations, and what follows from it. Durations are in milliseconds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.errors import FieldViolation, InvalidRequest

# The most that a store of measurements keeps: so many, of so long ago.
MOST_KEPT = 5_000
KEPT_MS = 7 * 24 * 3600 * 1000

# Roles that are counted by name, however many there have ever been; what further ones do counts for OTHER_ROLES, which
# no role can be called.
MOST_ROLES = 100
OTHER_ROLES = "other"

METRIC_TYPES = ("performance", "agents", "councils", "all")

HEALTHY_FROM = 0.9
DEGRADED_FROM = 0.5


@dataclass(frozen=True)
class Finished:
    """A deliberation that is over. `steps` counts the answered steps of its agents, which took `steps_ms` together."""

    task_id: str
    kind: str
    role: str
    status: Status
    finished_at_ms: int
    duration_ms: int
    steps: int = 0
    steps_ms: int = 0

    @property
    def completed(self) -> bool:
        """Whether it has results. How long the others took says when they were given up, not how quick the service is."""
        return self.status is Status.COMPLETED

    @property
    def orchestration(self) -> bool:
        """Whether Orchestrate began it."""
        return self.kind == "orchestrate"


@dataclass(frozen=True)
class Totals:
    """Counted since the store began; `completed` deliberations took `completed_ms` together.

    `by_role` has the first MOST_ROLES roles, and OTHER_ROLES for the rest.
    """

    deliberations: int = 0
    orchestrations: int = 0
    completed: int = 0
    completed_ms: int = 0
    by_role: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Performance:
    """How long completed deliberations took: means by who began them, percentiles of all. Zero where there is none."""

    mean_deliberation_ms: float
    mean_orchestration_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def measure(deliberation: Deliberation) -> Finished:
    """The measurement of a deliberation that is over."""
    answered = [record for record in deliberation.history if record.ok]
    return Finished(
        task_id=deliberation.task_id,
        kind=deliberation.request.kind,
        role=deliberation.request.role,
        status=deliberation.status,
        finished_at_ms=deliberation.finished_at_ms,
        duration_ms=deliberation.finished_at_ms - deliberation.created_at_ms,
        steps=len(answered),
        steps_ms=sum(record.duration_ms for record in answered),
    )


def performance(finished: Sequence[Finished]) -> Performance:
    """What the measurements say of the service's speed."""
    completed = [one for one in finished if one.completed]
    durations = sorted(one.duration_ms for one in completed)
    return Performance(
        mean_deliberation_ms=mean([one.duration_ms for one in completed if not one.orchestration]),
        mean_orchestration_ms=mean([one.duration_ms for one in completed if one.orchestration]),
        p50_ms=percentile(durations, 50),
        p95_ms=percentile(durations, 95),
        p99_ms=percentile(durations, 99),
    )


def mean(values: Sequence[int]) -> float:
    """The arithmetic mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def mean_step_ms(finished: Sequence[Finished]) -> float:
    """How long an agent's answer took on average; 0 where there was none."""
    steps = sum(one.steps for one in finished)
    return sum(one.steps_ms for one in finished) / steps if steps else 0.0


def percentile(ascending: Sequence[int], percent: int) -> float:
    """By nearest rank: the least value that is not below `percent` in a hundred of all; 0 of nothing."""
    if not ascending:
        return 0.0
    return float(ascending[max(math.ceil(len(ascending) * percent / 100), 1) - 1])


def success_rate(finished: Sequence[Finished]) -> float:
    """The share in [0, 1] that completed of those that nobody cancelled; 1 of nothing."""
    counted = [one.completed for one in finished if one.status is not Status.CANCELLED]
    return sum(counted) / len(counted) if counted else 1.0


def health(rate: float, available: int) -> str:
    """A council's health in a word, by its success rate and how many of its agents can take part."""
    if not available:
        return "unavailable"
    if rate >= HEALTHY_FROM:
        return "healthy"
    return "degraded" if rate >= DEGRADED_FROM else "unhealthy"


def validate_metrics(metric_type: str, time_range_ms: int) -> None:
    """Raises InvalidRequest that names the offending fields. An empty type is "all", no range is all that is kept."""
    violations = []
    if metric_type and metric_type not in METRIC_TYPES:
        violations.append(FieldViolation("metric_type", f"must be one of {', '.join(METRIC_TYPES)}"))
    if time_range_ms < 0:
        violations.append(FieldViolation("time_range_ms", "must not be negative"))
    if violations:
        raise InvalidRequest(violations)
