"""Use cases: take in a step's response, and put right what a crash or loss left behind."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from orchestrator.application import correlation
from orchestrator.application.dispatcher import Dispatcher
from orchestrator.application.ownership import Ownership
from orchestrator.application.ports import Clock, DeliberationStore, ResponseStore, VersionConflict
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepResponse

_log = logging.getLogger(__name__)

# How long a deliberation that could not be put right is left alone.
_BROKEN_MS = 15_000


@dataclass
class _Turn:
    """Steps whose responses are applied together, and what applies them."""

    step_ids: set[str] = field(default_factory=set)
    applying: "asyncio.Task[None]" = field(init=False)


class Progress:
    """Moves this instance's deliberations on. Safe to run twice on the same thing, also in two processes at once.

    Steps of one deliberation end together. Those that are announced while it is being written wait for the next turn,
    which applies them all by one write. What was written last is held for that turn: compare-and-set tells if it has
    become old.
    """

    def __init__(
        self,
        store: DeliberationStore,
        responses: ResponseStore,
        ownership: Ownership,
        dispatcher: Dispatcher,
        clock: Clock,
    ) -> None:
        self._store = store
        self._responses = responses
        self._ownership = ownership
        self._dispatcher = dispatcher
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turns: dict[str, _Turn] = {}
        self._held: dict[str, Deliberation] = {}
        self._broken: dict[str, int] = {}

    async def step_answered(self, task_id: str, step_id: str) -> None:
        """A step has a response: applies it, writes the deliberation, then publishes what follows.

        Leaves the deliberations of other instances to them. Who takes one over reconciles it, and so misses nothing.
        """
        if not self._ownership.owns(task_id):
            self._held.pop(task_id, None)
            return
        turn = self._turns.get(task_id)
        if turn is None:
            turn = self._turns[task_id] = _Turn()
            turn.applying = asyncio.create_task(self._take_turn(task_id, turn))
            # Where nobody waits any more, nobody need hear what went wrong.
            turn.applying.add_done_callback(lambda applying: applying.cancelled() or applying.exception())
        turn.step_ids.add(step_id)
        try:
            # Who gives up waiting leaves the turn to the others.
            await asyncio.shield(turn.applying)
        except DependencyLost:
            raise
        except Exception:
            if turn.step_ids == {step_id}:
                raise
            # What is wrong with one step must not be the others' trouble.
            async with self._lock(task_id):
                await self._apply_steps(task_id, (step_id,))

    async def reconcile(self, task_id: str) -> None:
        """Applies what is stored but was not announced, ends what is over, publishes again what is outstanding."""
        async with self._lock(task_id):
            # A store that has lost its last write may have the responses of phases that, to it, have not begun.
            while await self._catch_up(task_id):
                pass

    async def settle(self) -> None:
        """Reconciles what is doubtful: taken over, or not published when it should have been."""
        while task_id := self._ownership.next_doubtful():
            try:
                await self._alone(task_id, self.reconcile)
            except BaseException:
                self._ownership.doubt(task_id)
                raise

    async def expire_overdue(self) -> None:
        """Ends every owned deliberation whose deadline has passed.

        One whose end cannot be announced now keeps no other from ending: who waits for that wants to know.
        """
        failed: DependencyLost | None = None
        for task_id in self._ownership.overdue(self._clock.now_ms()):
            try:
                await self._alone(task_id, self.reconcile)
            except DependencyLost as lost:
                failed = lost
        if failed:
            raise failed

    async def reconcile_stalled(self, quiet_ms: int) -> None:
        """Reconciles every owned deliberation that nothing has moved for `quiet_ms`."""
        before = self._clock.now_ms() - quiet_ms
        self._held = {held: what for held, what in self._held.items() if self._ownership.owns(held)}

        async def reconcile_if_quiet(task_id: str) -> None:
            deliberation = await self._store.load(task_id)
            if deliberation is None or deliberation.updated_at_ms <= before:
                await self.reconcile(task_id)

        for task_id in self._ownership.owned():
            await self._alone(task_id, reconcile_if_quiet)

    async def _alone(self, task_id: str, work: Callable[[str], Awaitable[None]]) -> None:
        """Does it so that what is wrong with one deliberation, such as a document of another version, is not every
        other's trouble. One that cannot even be ended at its deadline is closed, or it would be open for ever.
        """
        now = self._clock.now_ms()
        if now < self._broken.get(task_id, 0):
            return
        try:
            await work(task_id)
        except DependencyLost:
            raise
        except Exception:  # noqa: BLE001
            _log.exception("a deliberation cannot be put right", extra={"task_id": task_id})
            if task_id in self._ownership.overdue(now):
                await self._store.close(task_id)
                self._ownership.forget(task_id)
            self._broken = {known: until for known, until in self._broken.items() if self._ownership.owns(known)}
            self._broken[task_id] = now + _BROKEN_MS
        else:
            self._broken.pop(task_id, None)

    async def _catch_up(self, task_id: str) -> bool:
        """Reconciles it with the responses to what is outstanding; says whether there were any, and it is not over."""
        self._held.pop(task_id, None)
        deliberation = await self._store.load(task_id)
        if deliberation is None:
            await self._store.close(task_id)
            self._ownership.forget(task_id)
            return False
        with correlation.about(task_id=task_id, traceparent=deliberation.traceparent):
            found = await self._responses.get_all(deliberation.pending)
            await self._apply(task_id, found, publish_all=True)
        return bool(found) and self._ownership.owns(task_id)

    async def _take_turn(self, task_id: str, turn: _Turn) -> None:
        async with self._lock(task_id):
            # Whoever comes from now on waits for the next turn.
            del self._turns[task_id]
            await self._apply_steps(task_id, turn.step_ids)

    async def _apply_steps(self, task_id: str, step_ids: Collection[str]) -> None:
        responses = await self._responses.get_all(step_ids)
        for step_id in {*step_ids} - {response.step_id for response in responses}:
            _log.warning("a step was announced without a response", extra={"task_id": task_id, "step_id": step_id})
        if responses:
            await self._apply(task_id, responses)

    async def _apply(self, task_id: str, responses: Sequence[StepResponse], *, publish_all: bool = False) -> None:
        while True:
            # Taken out: should this break off, nobody goes on with what may not have been written.
            held = self._held.pop(task_id, None)
            deliberation = held or await self._store.load(task_id)
            if deliberation is None:
                _log.warning("a step of an unknown deliberation was answered", extra={"task_id": task_id})
                return
            now = self._clock.now_ms()
            transitions = [deliberation.apply(response, now) for response in responses]
            repeated = not all(transition.applied for transition in transitions)
            if repeated and held:
                # Somebody else may have ended it.
                continue
            if deliberation.expire(now) or any(transition.applied for transition in transitions):
                try:
                    await self._store.save(deliberation)
                except VersionConflict:
                    continue
                _log_end(deliberation)
                if not deliberation.final:
                    self._held[task_id] = deliberation
            if repeated:
                # Applied before; or the store has lost that, and what was outstanding then has been answered, too.
                self._ownership.doubt(task_id)
            # Of what was applied before, what followed may not have been published.
            new = [step for transition in transitions for step in transition.steps]
            steps = deliberation.pending.values() if repeated or publish_all else new
            await self._dispatcher.advanced(deliberation, steps)
            if deliberation.final:
                self._ownership.forget(task_id)
            return

    def _lock(self, task_id: str) -> asyncio.Lock:
        """Held by who moves a deliberation on: taking turns here spares conflicts at the store."""
        return self._locks.setdefault(task_id, asyncio.Lock())


def _log_end(deliberation: Deliberation) -> None:
    if deliberation.final:
        _log.info(
            "deliberation is over",
            extra={
                "task_id": deliberation.task_id,
                "status": str(deliberation.status),
                "duration_ms": deliberation.finished_at_ms - deliberation.created_at_ms,
                "reason": deliberation.error,
            },
        )
