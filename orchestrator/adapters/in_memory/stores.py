"""Stores in memory. They keep encoded documents, so that nobody shares an object with the store."""

from collections.abc import Collection, Mapping, Sequence

from orchestrator.adapters.in_memory.clock import SystemClock
from orchestrator.adapters.in_memory.newest import KEEP, Newest
from orchestrator.adapters.json_codec import decode, encode
from orchestrator.application.ports import Clock, Lease, VersionConflict
from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import Overloaded
from orchestrator.domain.steps import StepResponse, task_of

# How long it is remembered beyond its deadline that a deliberation is over.
_REMEMBER_MS = 60_000


class InMemoryLeases:
    """LeaseStore and InstanceRegistry in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._leases: dict[str, tuple[str, float]] = {}
        self._instances: dict[str, float] = {}

    async def claim(self, task_ids: Collection[str], lease: Lease) -> Collection[str]:
        return [task_id for task_id in task_ids if self.take(task_id, lease)]

    def take(self, task_id: str, lease: Lease) -> bool:
        """Takes one if it is free or the owner's; says whether it is the owner's now."""
        now = self._clock.now_ms()
        owner, until = self._leases.get(task_id, ("", 0))
        if owner != lease.owner and until > now:
            return False
        self._leases[task_id] = (lease.owner, now + lease.seconds * 1000)
        return True

    async def release(self, task_ids: Collection[str], owner: str) -> None:
        for task_id in task_ids:
            if self._leases.get(task_id, ("", 0))[0] == owner:
                self.end(task_id)

    def end(self, task_id: str) -> None:
        """Ends the lease on a deliberation, whoever has it."""
        self._leases.pop(task_id, None)

    async def beat(self, lease: Lease) -> None:
        self._instances[lease.owner] = self._clock.now_ms() + lease.seconds * 1000

    async def leave(self, owner: str) -> int:
        self._instances.pop(owner, None)
        return sum(until > self._clock.now_ms() for until in self._instances.values())


class InMemoryDeliberations:
    """DeliberationStore in memory, which grants its leases at `leases`. Keeps all open ones, and the last closed ones."""

    def __init__(self, leases: InMemoryLeases | None = None, keep: int = KEEP) -> None:
        self.leases = leases or InMemoryLeases()
        self._documents: dict[str, bytes] = {}
        self._open: dict[str, int] = {}
        self._closed: Newest[str, bytes] = Newest(keep)

    async def create(self, deliberation: Deliberation, limit: int, lease: Lease) -> Deliberation | None:
        known = await self.load(deliberation.task_id)
        if known:
            return known
        if len(self._open) >= limit:
            raise Overloaded(limit, retry_after_ms=1000)
        deliberation.version = 1
        self._documents[deliberation.task_id] = encode(deliberation)
        self._open[deliberation.task_id] = deliberation.deadline_ms
        self.leases.take(deliberation.task_id, lease)
        return None

    async def load(self, task_id: str) -> Deliberation | None:
        document = self._documents.get(task_id) or self._closed.get(task_id)
        return decode(Deliberation, document) if document else None

    async def save(self, deliberation: Deliberation) -> None:
        stored = await self.load(deliberation.task_id)
        if stored is None or stored.version != deliberation.version:
            raise VersionConflict(deliberation.task_id)
        deliberation.version += 1
        documents = self._closed if deliberation.task_id in self._closed else self._documents
        documents[deliberation.task_id] = encode(deliberation)

    async def close(self, task_id: str) -> None:
        self._open.pop(task_id, None)
        if document := self._documents.pop(task_id, None):
            self._closed[task_id] = document
        self.leases.end(task_id)

    async def open_deadlines(self) -> Mapping[str, int]:
        return dict(self._open)


class InMemoryResponses:
    """ResponseStore in memory. Keeps those of the last deliberations."""

    def __init__(self, keep: int = KEEP) -> None:
        self._by_task: Newest[str, dict[str, StepResponse]] = Newest(keep)

    async def put_if_absent(self, response: StepResponse) -> StepResponse:
        return self._by_task.setdefault(response.task_id, {}).setdefault(response.step_id, response)

    async def get(self, step_id: str) -> StepResponse | None:
        return self._by_task.get(task_of(step_id), {}).get(step_id)

    async def get_all(self, step_ids: Collection[str]) -> Sequence[StepResponse]:
        found = [await self.get(step_id) for step_id in step_ids]
        return [response for response in found if response]


class InMemoryEndings:
    """Endings in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._until: dict[str, int] = {}

    async def mark(self, task_id: str, until_ms: int) -> None:
        now = self._clock.now_ms()
        self._until = {known: until for known, until in self._until.items() if until > now}
        self._until[task_id] = max(until_ms, now) + _REMEMBER_MS

    async def is_over(self, task_id: str) -> bool:
        return self._until.get(task_id, 0) > self._clock.now_ms()


class InMemoryAttempts:
    """Attempts in memory."""

    def __init__(self) -> None:
        self._counts: Newest[str, int] = Newest(KEEP)

    async def begin(self, what: str) -> int:
        self._counts[what] = self._counts.get(what, 0) + 1
        return self._counts[what]

    async def excuse(self, what: str) -> None:
        self._counts[what] = max(self._counts.get(what, 0) - 1, 0)


class InMemoryContexts:
    """ContextStore in memory. Keeps the last cases, and of each the newest events."""

    def __init__(self, keep: int = 200, keep_cases: int = KEEP) -> None:
        self._keep = keep
        self._events: Newest[tuple[str, ContextKind], list[ContextEvent]] = Newest(keep_cases)

    async def append(self, event: ContextEvent) -> None:
        events = self._events.setdefault((event.case_id, event.kind), [])
        if all(event.event_id != kept.event_id for kept in events):
            events.append(event)
            events.sort(key=lambda kept: (kept.occurred_at_ms, kept.event_id))
            del events[: -self._keep]

    async def read(self, case_id: str) -> Mapping[ContextKind, Sequence[ContextEvent]]:
        return {kind: tuple(self._events.get((case_id, kind), ())) for kind in ContextKind}
