"""What is recorded of an agent: adapters with spans and measurements around them."""

import logging
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry

from orchestrator.adapters.nats.tracing import TracedAnnouncer, TracedWorker
from orchestrator.adapters.telemetry.export import UnusableExport, make_tracer
from orchestrator.adapters.vllm.metrics import MeasuredModel
from orchestrator.adapters.vllm.tracing import TracedModel
from orchestrator.agents.pump import Worker
from orchestrator.application.ports import ChatModel, ResultAnnouncer
from orchestrator.application.tracing import NoTracer, Tracer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Instrumentation:
    """Puts what records around what does an agent's work."""

    tracer: Tracer
    registry: CollectorRegistry

    @classmethod
    def of_agent(cls, traces: str) -> Self:
        """For an agent. It does its work also where traces cannot be written."""
        try:
            return cls(make_tracer(traces, "orchestrator-agent"), CollectorRegistry())
        except UnusableExport as error:
            _log.warning("no traces of this agent: %s", error)
            return cls(NoTracer(), CollectorRegistry())

    def announcer(self, announcer: ResultAnnouncer) -> ResultAnnouncer:
        """An announcer on NATS."""
        return TracedAnnouncer(announcer, self.tracer)

    def worker(self, worker: Worker) -> Worker:
        """A worker whose steps come from NATS."""
        return TracedWorker(worker, self.tracer)

    def model(self, model: ChatModel, url: str) -> ChatModel:
        """A model server at `url`."""
        return TracedModel(MeasuredModel(model, self.registry), self.tracer, url)

    async def close(self) -> None:
        """Exports what is left."""
        await self.tracer.close()
