"""Use case: start a deliberation, and wait until it is over."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.application import correlation
from orchestrator.application.admission import Admission
from orchestrator.application.councils import council_for
from orchestrator.application.dispatcher import Dispatcher
from orchestrator.application.ownership import Ownership
from orchestrator.application.patience import PatientReader
from orchestrator.application.ports import Clock, ContextStore, CouncilStore, DeliberationStore
from orchestrator.application.readiness import Readiness
from orchestrator.application.wake_ups import WakeUps
from orchestrator.domain.context import ContextSelection, HydratedContext, hydrate
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import DependencyLost, Overloaded, TaskIdTaken
from orchestrator.domain.request import DELIBERATE, DeliberationRequest, Limits, MessageForm, require_seats, validate

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliberationPolicy:
    """What holds for every deliberation: the model, limits, and a timeout where a request says none.

    `token_budget`: the tokens after which no further phase begins; 0 for no budget.
    """

    model: str
    limits: Limits = field(default_factory=Limits)
    max_open: int = 100
    timeout_s: int = 300
    token_budget: int = 0


class StartDeliberation:
    """Accepts a request: writes a new deliberation and hands out its first steps.

    A task_id that is known already returns its deliberation and starts nothing.
    """

    def __init__(
        self,
        store: DeliberationStore,
        contexts: ContextStore,
        ownership: Ownership,
        dispatcher: Dispatcher,
        councils: CouncilStore,
        readiness: Readiness,
        policy: DeliberationPolicy,
        clock: Clock,
        new_id: Callable[[], str],
        admission: Admission | None = None,
    ) -> None:
        self._store = store
        self._contexts = contexts
        self._ownership = ownership
        self._dispatcher = dispatcher
        self._councils = councils
        self._readiness = readiness
        self._policy = policy
        self._clock = clock
        self._new_id = new_id
        self._admission = admission or Admission(clock)
        self._opening: set[asyncio.Task[Deliberation | None]] = set()

    async def __call__(
        self, request: DeliberationRequest, task_id: str, form: MessageForm = DELIBERATE
    ) -> Deliberation:
        """Raises InvalidRequest, UnknownRole, TaskIdTaken, Overloaded or DependencyLost.

        `form` is how the caller's message says it, for InvalidRequest.
        """
        validate(request, task_id, self._policy.limits, form)
        if task_id and (known := await self._store.load(task_id)):
            return _same(known, request)
        self._admission.require()
        council = await council_for(self._councils, request.role)
        require_seats(request, council, form)
        settled = request.settled(council)
        agents = council.convene(settled.num_agents)
        self._readiness.require(frozenset().union(*(agent.needs for agent in agents)))
        now = self._clock.now_ms()
        timeout_s = request.constraints.timeout_seconds or self._policy.timeout_s
        deliberation = Deliberation(
            task_id=task_id or self._new_id(),
            execution_id=f"exec-{self._new_id()}",
            fingerprint=request.fingerprint(),
            model=council.model(self._policy.model),
            request=settled,
            agents=agents,
            created_at_ms=now,
            token_budget=self._policy.token_budget,
            deadline_ms=now + timeout_s * 1000,
            context=await self._hydrate(request),
            traceparent=correlation.current_traceparent(),
        )
        correlation.bind(task_id=deliberation.task_id)
        deliberation.open()
        # A client that hangs up here must not leave a deliberation behind whose steps nobody hands out.
        opening = asyncio.create_task(self._open(deliberation))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        known = await asyncio.shield(opening)
        return _same(known, request) if known else deliberation

    async def _open(self, deliberation: Deliberation) -> Deliberation | None:
        """Writes and publishes it; returns the one that has its task_id already, if there is one.

        Once it is written it is accepted: what cannot be published now is published when that is possible again.
        """
        try:
            if known := await self._ownership.create(deliberation, self._policy.max_open):
                return known
        except Overloaded:
            self._admission.refused(self._policy.max_open)
            raise
        _log.info("deliberation started", extra={"role": deliberation.request.role})
        try:
            await self._dispatcher.opened(deliberation)
        except DependencyLost as lost:
            _log.warning("its first steps are handed out later: %s", lost)
            self._ownership.doubt(deliberation.task_id)
        return None

    async def _hydrate(self, request: DeliberationRequest) -> HydratedContext:
        if not request.case_id:
            return HydratedContext()
        return hydrate(await self._contexts.read(request.case_id), request.context or ContextSelection())


class AwaitResult:
    """Waits until a deliberation is over."""

    def __init__(self, reader: PatientReader, wake_ups: WakeUps, look_again_s: float = 5.0) -> None:
        self._reader = reader
        self._wake_ups = wake_ups
        self._look_again_s = look_again_s

    async def __call__(self, task_id: str) -> Deliberation:
        """The deliberation once it is over. Ends with it, or when the caller's task is cancelled.

        Raises UnknownDeliberation, or DependencyLost.
        """
        with self._wake_ups.end(task_id) as over:
            while True:
                over.clear()
                deliberation = await self._reader.load(task_id)
                if deliberation.final:
                    return deliberation
                try:
                    async with asyncio.timeout(self._look_again_s):
                        await over.wait()
                except TimeoutError:
                    continue


def _same(known: Deliberation, request: DeliberationRequest) -> Deliberation:
    if known.fingerprint != request.fingerprint():
        raise TaskIdTaken(known.task_id)
    return known
