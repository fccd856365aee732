"""Which deliberations are this instance's. Several instances of the orchestrator share the work by leases."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from orchestrator.application.ports import DeliberationStore, InstanceRegistry, Lease, LeaseStore
from orchestrator.domain.deliberation import Deliberation


@dataclass(frozen=True)
class _Owned:
    until: float
    deadline_ms: int


class Ownership:
    """Holds leases on open deliberations, and takes over those whose owner is gone.

    The owner alone applies a deliberation's results and ends it at its deadline. Leases only spare work: writes are
    compare-and-set, so an owner that was paused for longer than its lease can spoil nothing.
    """

    def __init__(
        self,
        store: DeliberationStore,
        leases: LeaseStore,
        registry: InstanceRegistry,
        lease: Lease,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._leases = leases
        self._registry = registry
        self._lease = lease
        self._monotonic = monotonic
        self._owned: dict[str, _Owned] = {}
        self._doubtful: set[str] = set()

    @property
    def renew_every_s(self) -> float:
        """How often leases have to be renewed."""
        return self._lease.seconds / 3

    async def create(self, deliberation: Deliberation, limit: int) -> Deliberation | None:
        """Stores a new deliberation as this instance's own; as `DeliberationStore.create` otherwise."""
        # Counted from before the call: here a lease must never seem to last longer than at the store.
        since = self._monotonic()
        known = await self._store.create(deliberation, limit, self._lease)
        # A call that was repeated because its answer was lost finds what the first one wrote.
        if known and known.execution_id == deliberation.execution_id:
            known = None
        if known is None:
            self._owned[deliberation.task_id] = _Owned(since + self._lease.seconds, deliberation.deadline_ms)
        return known

    async def renew(self) -> None:
        """Prolongs the leases, and takes over what nobody owns: that is doubtful until it has been reconciled."""
        since, known = self._monotonic(), set(self._owned)
        await self._registry.beat(self._lease)
        open_ = await self._store.open_deadlines()
        owned = await self._leases.claim(open_.keys(), self._lease)
        self._doubtful |= {task_id for task_id in owned if not self.owns(task_id)}
        # What was created meanwhile may not be among the open ones that were read.
        created = {task_id: held for task_id, held in self._owned.items() if task_id not in known}
        claimed = {task_id: _Owned(since + self._lease.seconds, open_[task_id]) for task_id in owned}
        self._owned = {**created, **claimed}

    async def release(self) -> None:
        """Gives everything up, so that another instance takes over at once."""
        owned, self._owned = self._owned, {}
        await self._leases.release(owned.keys(), self._lease.owner)

    async def leave(self) -> bool:
        """Strikes this instance off the list of those that run; says whether it was the last."""
        return await self._registry.leave(self._lease.owner) == 0

    def owns(self, task_id: str) -> bool:
        """Whether this instance's lease on it still lasts."""
        held = self._owned.get(task_id)
        return held is not None and held.until > self._monotonic()

    def owned(self) -> Collection[str]:
        """All that this instance owns."""
        return [task_id for task_id in self._owned if self.owns(task_id)]

    def overdue(self, now_ms: int) -> Collection[str]:
        """Those of them whose deadline has passed."""
        return [task_id for task_id in self.owned() if self._owned[task_id].deadline_ms <= now_ms]

    def forget(self, task_id: str) -> None:
        """Says that there is nothing left to do for a deliberation."""
        self._owned.pop(task_id, None)
        self._doubtful.discard(task_id)

    def doubt(self, task_id: str) -> None:
        """Says that what is stored of a deliberation may not have been acted upon."""
        self._doubtful.add(task_id)

    def doubt_all(self) -> None:
        """Says so of everything that this instance owns: announcements may have been missed."""
        self._doubtful.update(self.owned())

    def next_doubtful(self) -> str | None:
        """Takes one of the doubtful ones that this instance owns; None if there is none."""
        while self._doubtful:
            task_id = self._doubtful.pop()
            if self.owns(task_id):
                return task_id
        return None
