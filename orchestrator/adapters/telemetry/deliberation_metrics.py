"""What becomes of deliberations and their steps, as metrics."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from orchestrator.adapters.telemetry.exposition import DURATIONS_S
from orchestrator.application.ports import DeliberationStore, Lease
from orchestrator.domain.council import TITLES
from orchestrator.domain.deliberation import Deliberation


class MeasuredDeliberations:
    """DeliberationStore that counts what passes through it.

    A deliberation is counted by the process that ends it; so are its steps, all at once.
    """

    def __init__(self, store: DeliberationStore, registry: CollectorRegistry) -> None:
        self._store = store
        self._started = Counter(
            "orchestrator_deliberations_started", "Deliberations that were begun.", ["role"], registry=registry
        )
        self._ended = Counter(
            "orchestrator_deliberations_ended", "Deliberations that are over.", ["role", "status"], registry=registry
        )
        self._duration = Histogram(
            "orchestrator_deliberation_duration_seconds",
            "From the request to the end.",
            ["status"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._open = Gauge(
            "orchestrator_deliberations_open", "Unfinished deliberations, of all instances.", registry=registry
        )
        self._steps = Counter(
            "orchestrator_steps", "Steps of deliberations that are over.", ["kind", "outcome"], registry=registry
        )
        self._step_duration = Histogram(
            "orchestrator_step_duration_seconds",
            "An agent's work on a step, without its time on the queue.",
            ["kind"],
            buckets=DURATIONS_S,
            registry=registry,
        )

    async def create(self, deliberation: Deliberation, limit: int, lease: Lease) -> Deliberation | None:
        known = await self._store.create(deliberation, limit, lease)
        if known is None:
            self._started.labels(_role(deliberation)).inc()
        return known

    async def load(self, task_id: str) -> Deliberation | None:
        return await self._store.load(task_id)

    async def save(self, deliberation: Deliberation) -> None:
        await self._store.save(deliberation)
        # Written once in this state: what is over is not changed any more.
        if deliberation.final:
            self._count(deliberation)

    async def close(self, task_id: str) -> None:
        await self._store.close(task_id)

    async def open_deadlines(self) -> Mapping[str, int]:
        deadlines = await self._store.open_deadlines()
        self._open.set(len(deadlines))
        return deadlines

    def _count(self, deliberation: Deliberation) -> None:
        status = str(deliberation.status)
        seconds = (deliberation.finished_at_ms - deliberation.created_at_ms) / 1000
        self._ended.labels(_role(deliberation), status).inc()
        self._duration.labels(status).observe(seconds)
        for step in deliberation.history:
            self._steps.labels(str(step.kind), "answered" if step.ok else "failed").inc()
            self._step_duration.labels(str(step.kind)).observe(step.duration_ms / 1000)


def _role(deliberation: Deliberation) -> str:
    """The role as a label, of which there are few: callers make councils of any name."""
    role = deliberation.request.role
    return role if role in TITLES else "OTHER"
