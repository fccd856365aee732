"""What is recorded of the service, with the agents in its process: adapters with spans and measurements around them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from prometheus_client import Counter, Gauge

from orchestrator.adapters.grpc.metrics import MeasuresCalls
from orchestrator.adapters.grpc.tracing import TracesCalls
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.metrics import DeadLetterMetrics
from orchestrator.adapters.nats.tracing import Handler, TracedEvents, TracedQueue, traced_announcements
from orchestrator.adapters.telemetry.deliberation_metrics import MeasuredDeliberations
from orchestrator.adapters.telemetry.export import make_tracer
from orchestrator.adapters.telemetry.exposition import Exposition, new_registry
from orchestrator.adapters.vllm.breaker import BreakingModel
from orchestrator.application.ports import DeliberationStore, EventPublisher, StepQueue
from orchestrator.instrumentation import Instrumentation


@dataclass(frozen=True)
class ServiceInstrumentation(Instrumentation):
    """Puts what records around what does the work, in a process of the service."""

    exposition: Exposition | None = None

    @classmethod
    def of_orchestrator(cls, traces: str, metrics_listen: str) -> "ServiceInstrumentation":
        """Where traces go, and where metrics are served if anywhere. Raises UnusableExport."""
        registry = new_registry()
        exposition = Exposition(registry, metrics_listen) if metrics_listen else None
        return cls(make_tracer(traces, "orchestrator"), registry, exposition)

    def queue(self, queue: StepQueue) -> StepQueue:
        """A queue on NATS."""
        return TracedQueue(queue, self.tracer)

    def announcements(self, handler: Handler) -> Handler:
        """The handler of announcements from NATS."""
        return traced_announcements(handler, self.tracer)

    def events(self, events: EventPublisher) -> EventPublisher:
        """A publisher on NATS."""
        return TracedEvents(events, self.tracer)

    def deliberations(self, store: DeliberationStore) -> DeliberationStore:
        """The store of this process."""
        return MeasuredDeliberations(store, self.registry)

    def refusals(self) -> Callable[[], None]:
        """What counts requests that are refused since too many deliberations are unfinished."""
        name, help_ = "orchestrator_admissions_refused", "Requests refused since too many are unfinished."
        return Counter(name, help_, registry=self.registry).inc

    def breaker(self, breaker: BreakingModel) -> BreakingModel:
        """The circuit breaker of this process."""
        name, help_ = "orchestrator_circuit_breakers_open", "Model servers that this process leaves alone."
        Gauge(name, help_, registry=self.registry).set_function(lambda: breaker.open_circuits)
        return breaker

    def dead_letters(self, nats: NatsConnection) -> DeadLetterMetrics:
        """The dead letters, to be watched."""
        return DeadLetterMetrics(nats, self.registry)

    def interceptors(self) -> Sequence[grpc.aio.ServerInterceptor]:
        """For the gRPC server."""
        return (MeasuresCalls(self.registry), TracesCalls(self.tracer))

    async def close(self) -> None:
        """Exports what is left, and stops to serve."""
        await self.tracer.close()
        if self.exposition:
            await asyncio.to_thread(self.exposition.close)
