"""What a running service does by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from orchestrator.domain.deliberation import Status
from orchestrator.runner import run
from orchestrator.testing.builders import MINUTE_MS, make_request
from orchestrator.testing.stage import Stage
from orchestrator.testing.waiting import until
from orchestrator.wiring import Service


class _NoServer:
    """Stands in for the server: nobody calls."""

    port = 0

    async def start(self) -> None:
        pass

    async def set_ready(self, ready: bool) -> None:
        pass

    async def stop(self, grace_s: float) -> None:
        pass


@asynccontextmanager
async def _running(stage: Stage) -> AsyncIterator[None]:
    server: Any = _NoServer()
    stop = asyncio.Event()
    service = Service(server, stage.readiness, stage.progress, stage.ownership, tasks=(), closing=())
    running = asyncio.create_task(run(service, stop, drain_s=0))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_what_is_overdue_ends_while_something_else_cannot_be_announced() -> None:
    stage = Stage()
    over, overdue = [(await stage.start(make_request(), "")).task_id for _ in range(2)]
    with stage.lost_events():
        await stage.cancel(over, "")
        stage.clock.advance(MINUTE_MS)

        async def ended() -> bool:
            return (await stage.load(overdue)).final

        async with _running(stage):
            await until(ended)

    assert (await stage.load(overdue)).status is Status.TIMEOUT
