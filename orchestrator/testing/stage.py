"""The use cases on in-memory adapters, wired for tests, with agents that work when they are told to."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from orchestrator.adapters.in_memory.clock import ManualClock
from orchestrator.adapters.in_memory.councils import InMemoryCouncils
from orchestrator.adapters.in_memory.messaging import InMemoryCanceller, InMemoryEvents
from orchestrator.adapters.in_memory.plans import InMemoryPlans, InMemoryTasks
from orchestrator.adapters.in_memory.statistics import InMemoryStatistics
from orchestrator.adapters.in_memory.stores import (
    InMemoryContexts,
    InMemoryDeliberations,
    InMemoryEndings,
    InMemoryLeases,
    InMemoryResponses,
)
from orchestrator.application.cancel import CancelDeliberation
from orchestrator.application.councils import CreateCouncil, DeleteCouncil, ListCouncils
from orchestrator.application.deliberate import AwaitResult, DeliberationPolicy, StartDeliberation
from orchestrator.application.dispatcher import Dispatcher
from orchestrator.application.follow import FollowDeliberation
from orchestrator.application.membership import RegisterAgent, UnregisterAgent
from orchestrator.application.ownership import Ownership
from orchestrator.application.patience import PatientReader
from orchestrator.application.planning import DeriveSubtasks, ProcessPlanningEvent
from orchestrator.application.ports import DeliberationEvent, Dependency, Lease
from orchestrator.application.progress import Progress
from orchestrator.application.readiness import Readiness
from orchestrator.application.results import GetDeliberationResult
from orchestrator.application.statistics import GetMetrics, GetStatus
from orchestrator.application.task_context import GetTaskContext
from orchestrator.application.wake_ups import WakeUps
from orchestrator.application.workload import LookAtWork
from orchestrator.domain.council import standing_councils
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.prompts import TokenBudgets
from orchestrator.domain.request import Limits
from orchestrator.domain.steps import Step, StepRequest
from orchestrator.testing.builders import START_MS, respond

ENDPOINTS = ("http://models:9000/v1",)


class RecordingQueue:
    """StepQueue that keeps what was published, repeats included; `lost` makes it fail."""

    def __init__(self) -> None:
        self.published: list[StepRequest] = []
        self.lost = False

    async def publish(self, request: StepRequest) -> None:
        if self.lost:
            raise DependencyLost("nats", "not connected")
        self.published.append(request)


class SwitchedDependency:
    """A Dependency that is there or not, as it is told."""

    def __init__(self, name: str, there: bool = True) -> None:
        self.name = name
        self.there = there

    async def check(self) -> None:
        if not self.there:
            raise DependencyLost(self.name, "switched off")


class Stage:
    """Everything that a test of a use case needs."""

    def __init__(
        self,
        dependencies: Sequence[Dependency] = (),
        max_open: int = 100,
        lease_s: float = 3600,
        beside: "Stage | None" = None,
    ) -> None:
        """With `beside`, another instance of the orchestrator on the same stores, messages and clock."""
        self.instance: str = f"{beside.instance}'" if beside else "instance"
        self.clock: ManualClock = beside.clock if beside else ManualClock(START_MS)
        self.leases: InMemoryLeases = beside.leases if beside else InMemoryLeases(self.clock)
        self.store: InMemoryDeliberations = beside.store if beside else InMemoryDeliberations(self.leases)
        self.responses: InMemoryResponses = beside.responses if beside else InMemoryResponses()
        self.contexts: InMemoryContexts = beside.contexts if beside else InMemoryContexts()
        self.councils: InMemoryCouncils = beside.councils if beside else InMemoryCouncils(standing_councils(10))
        self.queue: RecordingQueue = beside.queue if beside else RecordingQueue()
        self.events: InMemoryEvents = beside.events if beside else InMemoryEvents()
        self.endings: InMemoryEndings = beside.endings if beside else InMemoryEndings(self.clock)
        self.canceller: InMemoryCanceller = beside.canceller if beside else InMemoryCanceller()
        ids = (f"{self.instance}-{number}" for number in itertools.count(1))
        self.ownership = Ownership(
            self.store, self.leases, self.leases, Lease(self.instance, lease_s), lambda: self.clock.now_ms() / 1000
        )
        self.wake_ups = WakeUps()
        self.statistics: InMemoryStatistics = beside.statistics if beside else InMemoryStatistics()
        self.readiness = Readiness(dependencies)
        self.dispatcher = Dispatcher(
            self.store,
            self.queue,
            self.events,
            self.wake_ups,
            self.endings,
            self.canceller,
            self.statistics,
            TokenBudgets(),
        )
        self.progress = Progress(self.store, self.responses, self.ownership, self.dispatcher, self.clock)
        self.start = StartDeliberation(
            self.store,
            self.contexts,
            self.ownership,
            self.dispatcher,
            self.councils,
            self.readiness,
            DeliberationPolicy("tiny", max_open=max_open, timeout_s=60),
            self.clock,
            lambda: next(ids),
        )
        self.reader = PatientReader(self.store)
        self.await_result = AwaitResult(self.reader, self.wake_ups)
        self.follow = FollowDeliberation(self.reader, self.wake_ups)
        self.cancel = CancelDeliberation(self.store, self.ownership, self.dispatcher, self.clock)
        self.get_result = GetDeliberationResult(self.store)
        self.create_council = CreateCouncil(self.councils, Limits())
        self.delete_council = DeleteCouncil(self.councils)
        look = LookAtWork(self.store, self.clock)
        self.list_councils = ListCouncils(self.councils, look, self.readiness, "tiny")
        self.plans: InMemoryPlans = beside.plans if beside else InMemoryPlans()
        self.tasks: InMemoryTasks = beside.tasks if beside else InMemoryTasks()
        self.derive_subtasks = DeriveSubtasks(self.plans, self.contexts, self.councils, self.tasks)
        self.process_planning_event = ProcessPlanningEvent(self.plans, self.contexts, self.derive_subtasks)
        self.get_task_context = GetTaskContext(self.plans, self.store, self.contexts, self.councils, Limits())
        self.get_status = GetStatus(self.readiness, self.statistics, look, self.clock)
        self.get_metrics = GetMetrics(self.statistics, self.councils, look, self.readiness, self.clock)
        self.register = RegisterAgent(self.councils, ENDPOINTS)
        self.unregister = UnregisterAgent(self.councils)

    async def load(self, task_id: str) -> Deliberation:
        """The stored deliberation, which must exist."""
        deliberation = await self.store.load(task_id)
        if deliberation is None:
            raise LookupError(task_id)
        return deliberation

    def lose_store(self, times: int | None = None) -> None:
        """Has the next reads of deliberations fail: so many, or all."""
        load, losses = self.store.load, itertools.count() if times is None else iter(range(times))

        async def lose(task_id: str) -> Deliberation | None:
            if next(losses, None) is not None:
                raise DependencyLost("redis", "away")
            return await load(task_id)

        self.store.load = lose  # type: ignore[method-assign]

    @contextmanager
    def lost_events(self) -> Iterator[None]:
        """Has no event be published for the duration of the block."""
        publish = self.events.publish

        async def lose(event: DeliberationEvent) -> None:
            raise DependencyLost("nats", "not connected")

        self.events.publish = lose  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.events.publish = publish  # type: ignore[method-assign]

    async def answer(self, task_id: str, step: Step, error: str = "", *, announce: bool = True) -> None:
        """Stores a response to a step as an agent would, and announces it."""
        await self.responses.put_if_absent(respond(await self.load(task_id), step, error=error))
        if announce:
            await self.progress.step_answered(task_id, step.step_id)

    async def answer_phase(self, task_id: str, error: str = "", *, announce: bool = True) -> None:
        """Answers every outstanding step."""
        for step in (await self.load(task_id)).pending.values():
            await self.answer(task_id, step, error, announce=announce)

    async def finish(self, task_id: str) -> None:
        """Answers phase after phase until the deliberation is over."""
        while not (await self.load(task_id)).final:
            await self.answer_phase(task_id)

    def event_names(self, task_id: str) -> list[str]:
        """Names of the events that were published for a deliberation."""
        return [name for of, name in self.events.published if of == task_id]
