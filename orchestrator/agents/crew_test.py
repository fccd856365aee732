"""Agents are kept at work until they are told to stop."""

import asyncio

import pytest

from orchestrator.agents.crew import Crew, Engagement


class ScriptedMember:
    """Fails as often as it is told to, then works until it is stopped."""

    def __init__(self, *failures: Exception | None) -> None:
        self._failures = [*failures]
        self.runs = 0
        self.at_work = asyncio.Event()
        self.stopped = asyncio.Event()
        self.hangs = False

    async def run(self) -> None:
        self.runs += 1
        if self._failures:
            if failure := self._failures.pop(0):
                raise failure
            return
        self.at_work.set()
        await self.stopped.wait()

    async def stop(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self.stopped.set()


async def test_a_member_that_dies_or_returns_is_asked_again_and_the_others_go_on() -> None:
    failing, steady = ScriptedMember(RuntimeError("died"), None, ValueError("again")), ScriptedMember()
    stop = asyncio.Event()
    working = asyncio.create_task(Crew([failing, steady], pause_s=0).work(stop, 1))

    await failing.at_work.wait()
    assert (failing.runs, steady.runs) == (4, 1)
    stop.set()
    await working

    assert failing.stopped.is_set()
    assert steady.stopped.is_set()


async def test_the_same_reason_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    member = ScriptedMember(*[RuntimeError("no password")] * 20, RuntimeError("another"))
    stop = asyncio.Event()
    working = asyncio.create_task(Crew([member], pause_s=0).work(stop, 1))
    await member.at_work.wait()
    stop.set()
    await working

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


async def test_a_member_that_does_not_end_is_not_waited_for_for_ever() -> None:
    hanging, other = ScriptedMember(), ScriptedMember()
    hanging.hangs = True
    stop = asyncio.Event()
    stop.set()

    async with asyncio.timeout(10):
        await Crew([hanging, other], pause_s=0).work(stop, patience_s=0.01)

    assert other.stopped.is_set()


async def test_a_crew_of_nobody_waits_until_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    working = asyncio.create_task(Crew([]).work(stop, 1))
    await asyncio.sleep(0)
    assert not working.done()
    stop.set()
    await working


class Work:
    """Work that counts how often it began, and ends when it is told to or cancelled."""

    def __init__(self) -> None:
        self.began = 0
        self.closed = 0
        self.go_on: asyncio.Event = asyncio.Event()

    async def __call__(self) -> None:
        self.began += 1
        try:
            await self.go_on.wait()
        finally:
            self.closed += 1


async def test_work_that_is_asked_for_twice_is_done_once() -> None:
    work = Work()
    engagement = Engagement(work)
    asking = [asyncio.create_task(engagement.run()) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert work.began == 1

    asking[0].cancel()
    await asyncio.gather(asking[0], return_exceptions=True)
    assert work.closed == 0
    work.go_on.set()
    await asking[1]


async def test_work_that_ended_can_be_asked_for_again() -> None:
    work = Work()
    work.go_on.set()
    engagement = Engagement(work)
    await engagement.run()
    await engagement.run()

    assert work.began == 2


async def test_stopping_closes_what_the_work_holds_and_run_returns() -> None:
    work = Work()
    engagement = Engagement(work)
    await engagement.stop(1)
    asking = asyncio.create_task(engagement.run())
    await asyncio.sleep(0.01)

    await engagement.stop(patience_s=1)
    await asking

    assert (work.began, work.closed) == (1, 1)


async def test_what_the_work_fails_with_is_told_to_who_asked() -> None:
    async def fail() -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        await Engagement(fail).run()
