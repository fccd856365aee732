"""Keeps an agent busy: takes steps off the queue, several at once, and acknowledges each when it is done."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Protocol

from orchestrator.agents.worker import RetryLater
from orchestrator.application.correlation import about
from orchestrator.application.ports import Attempts
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest

_log = logging.getLogger(__name__)

_PAUSE_S = 0.25
_HAND_OVER_S = 0.5
_LOST_S = 1.0


class Delivery(Protocol):
    """A step as delivered. Unless it is done, it is delivered again."""

    @property
    def request(self) -> StepRequest:
        """The step."""

    @property
    def count(self) -> int:
        """Which delivery of it this is, from 1."""

    async def done(self) -> None:
        """Acknowledges it."""

    async def retry(self, delay_s: float) -> None:
        """Asks for it again after a while."""

    async def still_working(self) -> None:
        """Keeps it from being delivered to somebody else."""

    async def bury(self, reason: str) -> None:
        """Puts it to the dead letters: it is not delivered again."""


class StepSource(Protocol):
    """Where steps come from."""

    async def next(self) -> Delivery | None:
        """The next delivery, for one of several who wait; None if it is none to be worked on. Raises DependencyLost."""

    async def close(self) -> None:
        """Says that nobody waits any more."""


class Worker(Protocol):
    """What handles steps, such as StepWorker."""

    async def work(self, request: StepRequest, delivery: int) -> None:
        """Handles the `delivery`-th delivery of a step (from 1). Raises RetryLater if it should be delivered again."""

    async def refuse(self, step_id: str, reason: str) -> None:
        """Has a step fail that cannot be worked on. Raises DependencyLost."""


@dataclass(frozen=True)
class PumpPolicy:
    """`heartbeat_s`: how often a step that is being worked on gives a sign. `max_attempts`: see Pump."""

    concurrency: int = 64
    heartbeat_s: float = 3.0
    max_attempts: int = 5


class Pump:
    """Works on up to `concurrency` steps at once.

    A step that fails on a defect, or takes its worker with it, `max_attempts` times is poison: it goes to the dead
    letters, and has failed for its deliberation. What waits for a lost dependency does not count.
    """

    def __init__(
        self,
        worker: Worker,
        source: StepSource,
        attempts: Attempts,
        policy: PumpPolicy,
    ) -> None:
        self._worker = worker
        self._source = source
        self._attempts = attempts
        self._policy = policy
        self._at_work: dict[str, set[asyncio.Task[None]]] = {}
        self._deliveries: dict[asyncio.Task[None], Delivery] = {}

    async def run(self) -> None:
        """Runs until it is cancelled. A step that is cut off by that is delivered again to somebody else."""
        try:
            async with asyncio.TaskGroup() as slots:
                slots.create_task(self._beat())
                for _ in range(self._policy.concurrency):
                    slots.create_task(self._slot())
        finally:
            await self._source.close()

    async def _slot(self) -> None:
        waits_for = ""
        while True:
            try:
                delivery = await self._source.next()
                if delivery:
                    request = delivery.request
                    with about(task_id=request.task_id, step_id=request.step_id, traceparent=request.traceparent):
                        await self._handle(delivery)
                waits_for = ""
            except DependencyLost as lost:
                if waits_for != lost.dependency:
                    _log.warning("waiting for %s: %s", lost.dependency, lost.reason)
                    waits_for = lost.dependency
                await asyncio.sleep(_PAUSE_S)

    def cancel(self, task_id: str) -> None:
        """Drops the steps of a deliberation that are being worked on, and their requests to the model."""
        for work in self._at_work.get(task_id, ()):
            work.cancel()

    async def _handle(self, delivery: Delivery) -> None:
        try:
            await self._attempt(delivery)
        except DependencyLost:
            # Whatever it was in the middle of, the step comes again, and need not wait until this worker seems dead.
            with contextlib.suppress(DependencyLost):
                await delivery.retry(_LOST_S)
            raise

    async def _attempt(self, delivery: Delivery) -> None:
        attempts = 1
        if delivery.count > 1:
            # The first one is counted only when there is a second: most steps need but one.
            attempts += await self._attempts.begin(delivery.request.step_id)
        if attempts > self._policy.max_attempts:
            await self._give_up(delivery, f"failed or ended its worker {self._policy.max_attempts} times")
            return
        try:
            cut_off = await self._work(delivery)
        except RetryLater as retry:
            _log.warning("step is tried again in %.1f s: %s", retry.delay_s, retry, extra=_about(delivery))
            # Excused first: NATS may be lost, and then the step comes again without being asked for.
            await self._excuse(delivery, attempts)
            await delivery.retry(retry.delay_s)
        except asyncio.CancelledError:
            await self._hand_over(delivery, attempts)
            raise
        except Exception as error:  # noqa: BLE001
            # A defect in one step must not take the other slots down.
            _log.exception("step failed unexpectedly", extra=_about(delivery))
            if attempts >= self._policy.max_attempts:
                await self._give_up(delivery, f"failed {attempts} times: {type(error).__name__}: {error}")
            else:
                await delivery.retry(_PAUSE_S)
        else:
            if cut_off:
                _log.info("step dropped: its deliberation is over", extra=_about(delivery))
            await delivery.done()

    async def _work(self, delivery: Delivery) -> bool:
        """Works on a step; says whether that was cut off because its deliberation is over."""
        request = delivery.request
        # A task of its own, so that it can be cancelled without its slot.
        work = asyncio.create_task(self._worker.work(request, delivery.count))
        at_work = self._at_work.setdefault(request.task_id, set())
        at_work.add(work)
        self._deliveries[work] = delivery
        try:
            await work
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return True
        finally:
            del self._deliveries[work]
            at_work.discard(work)
            if not at_work:
                self._at_work.pop(request.task_id, None)
        return False

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        _log.error("step goes to the dead letters: %s", reason, extra=_about(delivery))
        # First its deliberation: should this break off, the step comes again and is given up again.
        await self._worker.refuse(delivery.request.step_id, reason)
        await delivery.bury(reason)

    async def _excuse(self, delivery: Delivery, attempts: int) -> None:
        if attempts > 1:
            await self._attempts.excuse(delivery.request.step_id)

    async def _hand_over(self, delivery: Delivery, attempts: int) -> None:
        """Has somebody else take a step at once; failing that, they take it when this one has been silent for a while."""
        for farewell in (self._excuse(delivery, attempts), delivery.retry(0)):
            with contextlib.suppress(DependencyLost, TimeoutError):
                async with asyncio.timeout(_HAND_OVER_S):
                    await farewell

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._policy.heartbeat_s)
            for delivery in tuple(self._deliveries.values()):
                with contextlib.suppress(DependencyLost):
                    await delivery.still_working()


def _is_cancelled() -> bool:
    """Whether it is the current task that is being cancelled, and not what it waits for."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def _about(delivery: Delivery) -> dict[str, str]:
    return {"task_id": delivery.request.task_id, "step_id": delivery.request.step_id}
