"""When health checks are done by hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from tools.benchmarks.stack_start.health import checked


async def test_each_container_is_checked_at_its_start_and_again_after_the_interval() -> None:
    starts: asyncio.Queue[str] = asyncio.Queue()
    checks: Counter[str] = Counter()
    enough = asyncio.Event()

    async def started() -> AsyncIterator[str]:
        while True:
            yield await starts.get()

    async def check(container: str) -> None:
        checks[container] += 1
        if checks["early"] >= 3 and checks["late"] >= 2:
            enough.set()

    async with checked(started(), check, interval=0.01):
        starts.put_nowait("early")
        while not checks["early"]:
            await asyncio.sleep(0)
        starts.put_nowait("late")
        async with asyncio.timeout(30):
            await enough.wait()
    done = checks.copy()
    await asyncio.sleep(0.03)
    assert checks == done


async def test_a_check_that_takes_long_holds_up_no_other_container() -> None:
    checks: Counter[str] = Counter()

    async def started() -> AsyncIterator[str]:
        yield "stuck"
        yield "sound"
        await asyncio.Event().wait()

    async def check(container: str) -> None:
        checks[container] += 1
        if container == "stuck":
            await asyncio.Event().wait()

    async with checked(started(), check, interval=0), asyncio.timeout(30):
        while checks["sound"] < 3:
            await asyncio.sleep(0)
    assert checks["stuck"] == 1
