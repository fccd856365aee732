"""Taking steps off a queue, several at once, and acknowledging each when it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from orchestrator.agents import pump as pump_module
from orchestrator.agents.pump import Pump
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


@dataclass
class ScriptedSource:
    """Yields deliveries, raises errors, and is then silent."""

    script: list[RecordedDelivery | DependencyLost | None]

    async def next(self) -> RecordedDelivery | None:
        if not self.script:
            await asyncio.Event().wait()
        item = self.script.pop(0)
        if isinstance(item, DependencyLost):
            raise item
        return item


class ScriptedWorker:
    """A worker that does as it is told."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work

    async def work(self, request: StepRequest, delivery: int) -> None:
        await self._work()


async def _outcome(work: Callable[[], Awaitable[None]], *before: DependencyLost | None) -> object:
    delivery = RecordedDelivery()
    source = ScriptedSource([*before, delivery])
    pump = Pump(cast(StepWorker, ScriptedWorker(work)), lambda: source, concurrency=1, heartbeat_s=60)
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
    pump = Pump(cast(StepWorker, worker), lambda: ScriptedSource([delivery]), concurrency=1, heartbeat_s=0.001)
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
    pump = Pump(cast(StepWorker, ScriptedWorker(work)), lambda: source, concurrency=1, heartbeat_s=60)
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
    pump = Pump(
        cast(StepWorker, ScriptedWorker(work)), lambda: ScriptedSource([delivery]), concurrency=1, heartbeat_s=60
    )
    running = asyncio.create_task(pump.run())
    await begun.wait()
    running.cancel()

    assert await delivery.outcome == 0
    with pytest.raises(asyncio.CancelledError):
        await running


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
    pump = Pump(cast(StepWorker, ScriptedWorker(work)), lambda: source, concurrency=3, heartbeat_s=60)
    running = asyncio.create_task(pump.run())
    await asyncio.gather(*(delivery.outcome for delivery in deliveries))
    running.cancel()

    assert most == 3
