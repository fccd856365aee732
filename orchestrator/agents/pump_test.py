"""Taking steps off a queue, several at once, and acknowledging each when it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from orchestrator.adapters.in_memory.stores import InMemoryAttempts
from orchestrator.agents import pump as pump_module
from orchestrator.agents.pump import Pump, PumpPolicy
from orchestrator.agents.worker import RetryLater, StepWorker
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest
from orchestrator.testing.builders import make_step_request


@dataclass
class RecordedDelivery:
    """A delivery that keeps what was done with it."""

    request: StepRequest = field(default_factory=make_step_request)
    count: int = 1
    outcome: "asyncio.Future[object]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    signs: asyncio.Event = field(default_factory=asyncio.Event)

    async def done(self) -> None:
        self.outcome.set_result("done")

    async def retry(self, delay_s: float) -> None:
        self.outcome.set_result(delay_s)

    async def still_working(self) -> None:
        self.signs.set()

    async def bury(self, reason: str) -> None:
        self.outcome.set_result(("buried", reason))


@dataclass
class ScriptedSource:
    """Yields deliveries, raises errors, and is then silent."""

    script: list[RecordedDelivery | DependencyLost | None]
    closed: bool = False

    async def next(self) -> RecordedDelivery | None:
        if not self.script:
            await asyncio.Event().wait()
        item = self.script.pop(0)
        if isinstance(item, DependencyLost):
            raise item
        return item

    async def close(self) -> None:
        self.closed = True


class ScriptedWorker:
    """A worker that does as it is told."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self.refused: list[tuple[str, str]] = []

    async def work(self, request: StepRequest, delivery: int) -> None:
        await self._work()

    async def refuse(self, step_id: str, reason: str) -> None:
        self.refused.append((step_id, reason))


def _pump(
    worker: ScriptedWorker,
    source: ScriptedSource,
    *,
    concurrency: int = 1,
    heartbeat_s: float = 60,
    attempts: InMemoryAttempts | None = None,
) -> Pump:
    policy = PumpPolicy(concurrency, heartbeat_s, max_attempts=3)
    return Pump(cast(StepWorker, worker), source, attempts or InMemoryAttempts(), policy)


async def _outcome(work: Callable[[], Awaitable[None]], *before: DependencyLost | None) -> object:
    delivery = RecordedDelivery()
    source = ScriptedSource([*before, delivery])
    pump = _pump(ScriptedWorker(work), source, concurrency=1, heartbeat_s=60)
    running = asyncio.create_task(pump.run())
    try:
        return await delivery.outcome
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _succeed() -> None:
    return None


async def test_a_step_is_acknowledged_when_it_is_done() -> None:
    assert await _outcome(_succeed) == "done"


async def test_a_step_that_must_come_again_is_asked_for_again() -> None:
    async def retry() -> None:
        raise RetryLater(7.5, "vllm is away")

    assert await _outcome(retry) == 7.5


async def test_a_defect_in_one_step_does_not_stop_the_agent() -> None:
    async def break_() -> None:
        raise RuntimeError("a defect")

    assert await _outcome(break_) == pump_module._PAUSE_S


async def test_silence_and_lost_connections_are_waited_out() -> None:
    assert await _outcome(_succeed, None, DependencyLost("nats", "gone")) == "done"


async def test_long_work_gives_signs_of_life() -> None:
    delivery = RecordedDelivery()
    worker = ScriptedWorker(lambda: cast(Awaitable[None], delivery.signs.wait()))
    pump = _pump(worker, ScriptedSource([delivery]), concurrency=1, heartbeat_s=0.001)
    running = asyncio.create_task(pump.run())

    assert await delivery.outcome == "done"
    running.cancel()


async def test_a_step_whose_deliberation_is_over_is_cut_off_and_acknowledged_and_the_slot_goes_on() -> None:
    begun, cut_off = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        if cut_off.is_set():
            return
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.set()

    first, second = RecordedDelivery(), RecordedDelivery()
    source = ScriptedSource([first, second])
    pump = _pump(ScriptedWorker(work), source, concurrency=1, heartbeat_s=60)
    running = asyncio.create_task(pump.run())
    await begun.wait()
    pump.cancel("another task")
    await asyncio.sleep(0)
    assert not cut_off.is_set()

    pump.cancel(first.request.task_id)

    assert await first.outcome == "done"
    assert await second.outcome == "done"
    assert not running.done()
    assert pump._at_work == {}
    running.cancel()


async def test_a_step_that_is_cut_off_by_the_end_of_the_agent_is_handed_over_at_once() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    delivery = RecordedDelivery()
    source = ScriptedSource([delivery])
    pump = _pump(ScriptedWorker(work), source, concurrency=1, heartbeat_s=60)
    running = asyncio.create_task(pump.run())
    await begun.wait()
    running.cancel()

    assert await delivery.outcome == 0
    with pytest.raises(asyncio.CancelledError):
        await running
    assert source.closed


async def test_steps_are_worked_on_at_once_up_to_the_limit() -> None:
    at_work, most, enough = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        if at_work == 3:
            enough.set()
        await enough.wait()
        at_work -= 1

    deliveries = [RecordedDelivery() for _ in range(5)]
    source = ScriptedSource([*deliveries])
    pump = _pump(ScriptedWorker(work), source, concurrency=3, heartbeat_s=60)
    running = asyncio.create_task(pump.run())
    await asyncio.gather(*(delivery.outcome for delivery in deliveries))
    running.cancel()

    assert most == 3


async def _fail() -> None:
    raise RuntimeError("a defect")


async def _deliver(pump_of: Callable[[ScriptedSource], Pump], *counts: int) -> list[object]:
    """What becomes of a step that is delivered for the times that are given."""
    outcomes: list[object] = []
    for count in counts:
        delivery = RecordedDelivery(count=count)
        running = asyncio.create_task(pump_of(ScriptedSource([delivery])).run())
        outcomes.append(await delivery.outcome)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return outcomes


async def test_a_step_that_fails_on_a_defect_each_time_goes_to_the_dead_letters_and_its_deliberation_goes_on() -> None:
    worker, attempts = ScriptedWorker(_fail), InMemoryAttempts()

    outcomes = await _deliver(lambda source: _pump(worker, source, attempts=attempts), 1, 2, 3)

    assert outcomes[:2] == [pump_module._PAUSE_S] * 2
    assert outcomes[2] == ("buried", "failed 3 times: RuntimeError: a defect")
    ((step_id, reason),) = worker.refused
    assert step_id == make_step_request().step_id
    assert "a defect" in reason


async def test_a_step_that_takes_its_worker_with_it_each_time_is_not_tried_once_more() -> None:
    attempts = InMemoryAttempts()
    worked = 0

    async def work() -> None:
        nonlocal worked
        worked += 1

    worker = ScriptedWorker(work)
    # As left behind by workers that ended at the second and third delivery.
    for _ in range(2):
        await attempts.begin(make_step_request().step_id)

    (outcome,) = await _deliver(lambda source: _pump(worker, source, attempts=attempts), 4)

    assert isinstance(outcome, tuple)
    assert outcome[0] == "buried"
    assert worked == 0
    assert len(worker.refused) == 1


async def test_what_waits_for_a_lost_dependency_is_never_poison() -> None:
    async def retry() -> None:
        raise RetryLater(0.5, "vllm is away")

    worker, attempts = ScriptedWorker(retry), InMemoryAttempts()

    outcomes = await _deliver(lambda source: _pump(worker, source, attempts=attempts), *range(1, 20))

    assert outcomes == [0.5] * 19
    assert worker.refused == []


async def test_a_step_is_excused_though_nats_is_lost_when_it_is_asked_for_again() -> None:
    asked = asyncio.Event()

    class Lost(RecordedDelivery):
        async def retry(self, delay_s: float) -> None:
            asked.set()
            raise DependencyLost("nats", "gone")

    async def retry() -> None:
        raise RetryLater(0.5, "vllm is away")

    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    attempts, step_id = InMemoryAttempts(), make_step_request().step_id
    for work in (retry, wait):
        asked.clear()
        begun = asyncio.Event()
        running = asyncio.create_task(
            _pump(ScriptedWorker(work), ScriptedSource([Lost(count=2)]), attempts=attempts).run()
        )
        await (asked if work is retry else begun).wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert asked.is_set()
        assert await attempts.begin(step_id) == 1
        await attempts.excuse(step_id)


async def test_a_step_whose_attempts_cannot_be_counted_comes_again() -> None:
    attempts = InMemoryAttempts()

    async def begin(what: str) -> int:
        raise DependencyLost("redis", "away")

    attempts.begin = begin  # type: ignore[method-assign]

    outcomes = await _deliver(lambda source: _pump(ScriptedWorker(_succeed), source, attempts=attempts), 2)

    assert outcomes == [pump_module._LOST_S]
