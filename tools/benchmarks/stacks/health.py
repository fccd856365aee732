"""Health checks by hand, as podman's timers would do them where systemd runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

# The default of podman's --health-interval, and of Docker's.
DEFAULT_INTERVAL_S = 30.0

Check = Callable[[str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Change:
    """A container was started, or has ended. `container` is its id."""

    container: str
    started: bool


@asynccontextmanager
async def checked(changes: AsyncIterator[Change], check: Check, interval: float) -> AsyncIterator[None]:
    """Checks each container that is started during the block: at once, and `interval` seconds after each check's end.

    Those are the transient timers of podman (`systemd-run --on-unit-inactive=INTERVAL`), whose first check comes with
    the start, and which go when the container ends.

    Args:
        changes: what becomes of containers, as it happens.
        check: one check of a container, by its id; what it answers is podman's own business.
        interval: in seconds.
    """

    async def repeat(container: str) -> None:
        while True:
            await check(container)
            await asyncio.sleep(interval)

    async def follow() -> None:
        checks: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            async for change in changes:
                if change.started:
                    checks[change.container] = group.create_task(repeat(change.container))
                elif change.container in checks:
                    checks.pop(change.container).cancel()

    follower = asyncio.create_task(follow())
    try:
        yield
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def changes_of(project: str) -> AsyncIterator[Change]:
    """What becomes of the containers of a compose project, from now on."""
    process = await asyncio.create_subprocess_exec(
        *("podman", "events", "--format", "json", "--filter", "event=start", "--filter", "event=died"),
        *("--filter", f"label=io.podman.compose.project={project}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout  # noqa: S101  # It was asked for.
    try:
        async for line in process.stdout:
            event = json.loads(line)
            yield Change(str(event["ID"]), event["Status"] == "start")
    finally:
        process.kill()
        await process.wait()


async def run_healthcheck(container: str) -> None:
    """What podman's timer runs."""
    process = await asyncio.create_subprocess_exec(
        *("podman", "healthcheck", "run", container),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
