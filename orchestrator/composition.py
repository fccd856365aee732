"""What the service is made of, whichever adapters stand behind its ports."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.adapters.grpc.council_methods import CouncilUseCases
from orchestrator.adapters.grpc.deliberation_methods import DeliberationUseCases
from orchestrator.adapters.grpc.observation_methods import ObservationUseCases
from orchestrator.adapters.grpc.planning_methods import PlanningUseCases
from orchestrator.adapters.grpc.service import OrchestratorService
from orchestrator.application.admission import Admission
from orchestrator.application.cancel import CancelDeliberation
from orchestrator.application.councils import CreateCouncil, DeleteCouncil, ListCouncils
from orchestrator.application.deliberate import AwaitResult, DeliberationPolicy, StartDeliberation
from orchestrator.application.dispatcher import Dispatcher
from orchestrator.application.follow import FollowDeliberation
from orchestrator.application.membership import RegisterAgent, UnregisterAgent
from orchestrator.application.ownership import Ownership
from orchestrator.application.patience import PatientReader
from orchestrator.application.planning import DeriveSubtasks, ProcessPlanningEvent
from orchestrator.application.ports import (
    Clock,
    ContextStore,
    CouncilStore,
    DeliberationStore,
    Endings,
    EventPublisher,
    InstanceRegistry,
    LeaseStore,
    MoveAnnouncer,
    PlanStore,
    ResponseStore,
    StatisticsStore,
    StepCanceller,
    StepQueue,
    TaskPublisher,
)
from orchestrator.application.progress import Progress
from orchestrator.application.readiness import Readiness
from orchestrator.application.results import GetDeliberationResult
from orchestrator.application.statistics import GetMetrics, GetStatus
from orchestrator.application.task_context import GetTaskContext
from orchestrator.application.wake_ups import WakeUps
from orchestrator.application.workload import LookAtWork
from orchestrator.domain.prompts import TokenBudgets
from orchestrator.domain.request import Limits
from orchestrator.settings import Settings


@dataclass(frozen=True)
class Ports:
    """What stands behind the ports of the use cases."""

    deliberations: DeliberationStore
    leases: LeaseStore
    registry: InstanceRegistry
    responses: ResponseStore
    contexts: ContextStore
    councils: CouncilStore
    queue: StepQueue
    events: EventPublisher
    moves: MoveAnnouncer
    endings: Endings
    canceller: StepCanceller
    statistics: StatisticsStore
    plans: PlanStore
    tasks: TaskPublisher
    clock: Clock
    on_refused: Callable[[], None]


@dataclass(frozen=True)
class Composition:
    """The service, and what is beside it."""

    service: OrchestratorService
    progress: Progress
    process_planning_event: ProcessPlanningEvent


def compose(
    settings: Settings, ports: Ports, ownership: Ownership, wake_ups: WakeUps, readiness: Readiness
) -> Composition:
    """The use cases on these ports."""
    budgets = TokenBudgets(
        settings.propose_tokens, settings.review_tokens, settings.revise_tokens, settings.prompt_tokens
    )
    limits = Limits(settings.max_agents, settings.max_rounds, settings.max_timeout_s)
    policy = DeliberationPolicy(settings.model, limits, settings.max_open, settings.timeout_s, settings.token_budget)
    dispatcher = Dispatcher(
        ports.deliberations,
        ports.queue,
        ports.events,
        ports.moves,
        ports.endings,
        ports.canceller,
        ports.statistics,
        budgets,
    )
    progress = Progress(ports.deliberations, ports.responses, ownership, dispatcher, ports.clock)
    start = StartDeliberation(
        ports.deliberations,
        ports.contexts,
        ownership,
        dispatcher,
        ports.councils,
        readiness,
        policy,
        ports.clock,
        new_id,
        Admission(ports.clock, on_refused=ports.on_refused),
    )
    reader = PatientReader(ports.deliberations)
    look = LookAtWork(ports.deliberations, ports.clock)
    derive = DeriveSubtasks(ports.plans, ports.contexts, ports.councils, ports.tasks)
    process_planning_event = ProcessPlanningEvent(ports.plans, ports.contexts, derive)
    service = OrchestratorService(
        DeliberationUseCases(
            start=start,
            await_result=AwaitResult(reader, wake_ups),
            get_result=GetDeliberationResult(ports.deliberations),
            cancel=CancelDeliberation(ports.deliberations, ownership, dispatcher, ports.clock),
            follow=FollowDeliberation(reader, wake_ups),
            clock=ports.clock,
        ),
        CouncilUseCases(
            create=CreateCouncil(ports.councils, limits),
            list=ListCouncils(ports.councils, look, readiness, settings.model),
            delete=DeleteCouncil(ports.councils),
            register=RegisterAgent(ports.councils, settings.endpoints),
            unregister=UnregisterAgent(ports.councils),
        ),
        PlanningUseCases(
            process=process_planning_event,
            derive=derive,
            task_context=GetTaskContext(ports.plans, ports.deliberations, ports.contexts, ports.councils, limits),
        ),
        ObservationUseCases(
            status=GetStatus(readiness, ports.statistics, look, ports.clock),
            metrics=GetMetrics(ports.statistics, ports.councils, look, readiness, ports.clock),
        ),
    )
    return Composition(service, progress, process_planning_event)


def new_id() -> str:
    """An id that nothing else has."""
    return uuid.uuid4().hex
