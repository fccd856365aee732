"""Health checks by hand, as podman's timers would do them where systemd runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Check = Callable[[str], Awaitable[object]]


@asynccontextmanager
async def checked(started: AsyncIterator[str], check: Check, interval: float) -> AsyncIterator[None]:
    """Checks each container that is started during the block: at once, and `interval` seconds after each check's end.

    Those are the transient timers of podman (`systemd-run --on-unit-inactive=INTERVAL`), whose first check comes with
    the start.

    Args:
        started: ids of containers, each when it has been started.
        check: one check of a container; what it answers is podman's own business.
        interval: in seconds.
    """

    async def repeat(container: str) -> None:
        while True:
            await check(container)
            await asyncio.sleep(interval)

    async def follow() -> None:
        async with asyncio.TaskGroup() as checks:
            async for container in started:
                checks.create_task(repeat(container))

    follower = asyncio.create_task(follow())
    try:
        yield
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def containers_started(project: str) -> AsyncIterator[str]:
    """Ids of the containers of a compose project, each as soon as podman has started it."""
    process = await asyncio.create_subprocess_exec(
        *("podman", "events", "--format", "json", "--filter", "event=start"),
        *("--filter", f"label=io.podman.compose.project={project}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout  # noqa: S101  # It was asked for.
    try:
        async for line in process.stdout:
            yield str(json.loads(line)["ID"])
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
