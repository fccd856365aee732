"""Wiring of what is recorded: adapters with spans around them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from orchestrator.adapters.grpc.tracing import TracesCalls
from orchestrator.adapters.nats.tracing import (
    Handler,
    TracedAnnouncer,
    TracedEvents,
    TracedQueue,
    TracedWorker,
    traced_announcements,
)
from orchestrator.adapters.telemetry.export import UnusableExport, make_tracer
from orchestrator.adapters.vllm.tracing import TracedModel
from orchestrator.agents.pump import Worker
from orchestrator.application.ports import ChatModel, EventPublisher, ResultAnnouncer, StepQueue
from orchestrator.application.tracing import NoTracer, Tracer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Instrumentation:
    """Puts what records around what does the work, in a process of the service."""

    tracer: Tracer

    @classmethod
    def of_orchestrator(cls, traces: str) -> "Instrumentation":
        """For the orchestrator; `traces` says where they go. Raises UnusableExport."""
        return cls(make_tracer(traces, "orchestrator"))

    @classmethod
    def of_agent(cls, traces: str) -> "Instrumentation":
        """For an agent. It does its work also where traces cannot be written."""
        try:
            return cls(make_tracer(traces, "orchestrator-agent"))
        except UnusableExport as error:
            _log.warning("no traces of this agent: %s", error)
            return cls(NoTracer())

    def queue(self, queue: StepQueue) -> StepQueue:
        """A queue on NATS."""
        return TracedQueue(queue, self.tracer)

    def announcer(self, announcer: ResultAnnouncer) -> ResultAnnouncer:
        """An announcer on NATS."""
        return TracedAnnouncer(announcer, self.tracer)

    def announcements(self, handler: Handler) -> Handler:
        """The handler of announcements from NATS."""
        return traced_announcements(handler, self.tracer)

    def events(self, events: EventPublisher) -> EventPublisher:
        """A publisher on NATS."""
        return TracedEvents(events, self.tracer)

    def worker(self, worker: Worker) -> Worker:
        """A worker whose steps come from NATS."""
        return TracedWorker(worker, self.tracer)

    def model(self, model: ChatModel, url: str) -> ChatModel:
        """A model server at `url`."""
        return TracedModel(model, self.tracer, url)

    def interceptors(self) -> Sequence[grpc.aio.ServerInterceptor]:
        """For the gRPC server."""
        return (TracesCalls(self.tracer),)

    async def close(self) -> None:
        """Exports what is left."""
        await self.tracer.close()
