"""When health checks are done by hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from tools.benchmarks.stacks.health import Change, checked


class Containers:
    """What becomes of containers, as the test has it, and how often each was checked."""

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()
        self._changes: asyncio.Queue[Change] = asyncio.Queue()

    def start(self, container: str) -> None:
        self._changes.put_nowait(Change(container, started=True))

    def end(self, container: str) -> None:
        self._changes.put_nowait(Change(container, started=False))

    async def changes(self) -> AsyncIterator[Change]:
        while True:
            yield await self._changes.get()

    async def check(self, container: str) -> None:
        self.checks[container] += 1
        if container == "stuck":
            await asyncio.Event().wait()

    async def checked_often(self, container: str, times: int) -> None:
        async with asyncio.timeout(30):
            while self.checks[container] < times:
                await asyncio.sleep(0)


async def test_each_container_is_checked_at_its_start_and_again_after_the_interval() -> None:
    containers = Containers()
    async with checked(containers.changes(), containers.check, interval=0.01):
        containers.start("early")
        await containers.checked_often("early", 1)
        containers.start("late")
        await containers.checked_often("early", 3)
        await containers.checked_often("late", 2)
    done = containers.checks.copy()
    await asyncio.sleep(0.03)
    assert containers.checks == done


async def test_a_container_that_has_ended_is_not_checked_any_more() -> None:
    containers = Containers()
    async with checked(containers.changes(), containers.check, interval=0):
        containers.start("old")
        await containers.checked_often("old", 2)
        containers.end("old")
        containers.start("new")
        await containers.checked_often("new", 1)
        done = containers.checks["old"]
        await containers.checked_often("new", 50)
    assert containers.checks["old"] == done


async def test_the_end_of_a_container_that_was_there_before_is_no_matter() -> None:
    containers = Containers()
    async with checked(containers.changes(), containers.check, interval=0):
        containers.end("stranger")
        containers.start("own")
        await containers.checked_often("own", 2)
    assert not containers.checks["stranger"]


async def test_a_check_that_takes_long_holds_up_no_other_container() -> None:
    containers = Containers()
    async with checked(containers.changes(), containers.check, interval=0):
        containers.start("stuck")
        containers.start("sound")
        await containers.checked_often("sound", 3)
    assert containers.checks["stuck"] == 1
