"""Wiring of the service with everything in memory."""

from orchestrator.adapters.in_memory.clock import SystemClock
from orchestrator.adapters.in_memory.councils import InMemoryCouncils
from orchestrator.adapters.in_memory.messaging import (
    InMemoryAnnouncer,
    InMemoryCanceller,
    InMemoryEvents,
    InMemoryQueue,
)
from orchestrator.adapters.in_memory.model import MockModel
from orchestrator.adapters.in_memory.plans import InMemoryPlans, InMemoryTasks
from orchestrator.adapters.in_memory.statistics import InMemoryStatistics
from orchestrator.adapters.in_memory.stores import (
    InMemoryAttempts,
    InMemoryContexts,
    InMemoryDeliberations,
    InMemoryEndings,
    InMemoryLeases,
    InMemoryResponses,
)
from orchestrator.agent_wiring import worker_policy
from orchestrator.agents.pump import Pump, PumpPolicy
from orchestrator.agents.worker import Identity, StepWorker
from orchestrator.application.readiness import Readiness
from orchestrator.application.wake_ups import WakeUps
from orchestrator.composition import Ports, compose, new_id
from orchestrator.domain.council import standing_councils
from orchestrator.service_instrumentation import ServiceInstrumentation
from orchestrator.settings import Settings
from orchestrator.wiring import Service, make_ownership, make_server

# Deliberations that are kept when they are over, for each that may be open.
_REMEMBERED = 10


def dev_service(settings: Settings) -> Service:
    """The service with everything in memory: nothing survives it, and the model's text is made up."""
    seen = ServiceInstrumentation.of_orchestrator(settings.traces, settings.metrics_listen)
    wake_ups = WakeUps()
    leases = InMemoryLeases()
    keep = settings.max_open * _REMEMBERED
    queue, announcer = InMemoryQueue(keep), InMemoryAnnouncer()
    responses = InMemoryResponses(keep)
    canceller = InMemoryCanceller()
    ports = Ports(
        deliberations=seen.deliberations(InMemoryDeliberations(leases, keep)),
        leases=leases,
        registry=leases,
        responses=responses,
        contexts=InMemoryContexts(keep_cases=keep),
        councils=InMemoryCouncils(standing_councils(settings.max_agents)),
        queue=queue,
        events=InMemoryEvents(keep),
        moves=wake_ups,
        endings=InMemoryEndings(),
        canceller=canceller,
        statistics=InMemoryStatistics(),
        plans=InMemoryPlans(keep_plans=keep),
        tasks=InMemoryTasks(keep),
        clock=SystemClock(),
        on_refused=seen.refusals(),
    )
    readiness = Readiness(())
    ownership = make_ownership(settings, ports, new_id())
    composed = compose(settings, ports, ownership, wake_ups, readiness)
    announcer.handler = composed.progress.step_answered
    worker = StepWorker(
        responses,
        ports.endings,
        announcer,
        MockModel(),
        ports.clock,
        Identity("dev", "dev"),
        worker_policy(settings),
        tracer=seen.tracer,
    )
    policy = PumpPolicy(settings.agent_concurrency, settings.ack_wait_s, settings.max_deliver)
    pump = Pump(worker, queue, InMemoryAttempts(), policy)
    canceller.handler = pump.cancel
    server = make_server(settings, composed, seen)
    return Service(server, readiness, composed.progress, ownership, tasks=(pump.run,), closing=(seen.close,))
