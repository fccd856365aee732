"""Runs a wired service: starts it, keeps house, and stops it in order."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from orchestrator.application.ownership import Ownership
from orchestrator.application.progress import Progress
from orchestrator.domain.errors import DependencyLost
from orchestrator.wiring import Service

_log = logging.getLogger(__name__)

_WATCH_S = 0.5
# Until all is there: callers wait for that.
_WATCH_AT_FIRST_S = 0.1
_LOOK_S = 0.1
_PAUSE_S = 0.5
_RECONCILE_S = 15.0
# Longer than any step is expected to take in silence: actors answer or are given up before.
_QUIET_MS = 60_000


async def run(service: Service, stop: asyncio.Event, drain_s: float) -> None:
    """Serves until `stop` is set. Raises what a background task raises: a service that is half there must not go on."""
    await service.server.start()
    _log.info("listening", extra={"port": service.server.port})
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(task()) for task in service.tasks]
            running.append(tasks.create_task(_watch(service)))
            running.append(tasks.create_task(_hold_leases(service.ownership)))
            running.append(tasks.create_task(_keep_house(service.progress)))
            await stop.wait()
            _log.info("stopping")
            # The tasks go on meanwhile, so that calls in progress can still end well.
            await service.server.stop(drain_s)
            for task in running:
                task.cancel()
    finally:
        await service.server.stop(0)
        for close in service.closing:
            with contextlib.suppress(DependencyLost):
                await close()
        _log.info("stopped")


async def _watch(service: Service) -> None:
    """Reports to health whether everything is there."""
    pause_s = _WATCH_AT_FIRST_S
    while True:
        if await service.readiness.look():
            pause_s = _WATCH_S
        await service.server.set_ready(service.readiness.ready)
        await service.readiness.rest(pause_s)


async def _hold_leases(ownership: Ownership) -> None:
    """Keeps what is this instance's, and takes over what nobody owns. On its own, since nothing may hold it up."""
    while True:
        await _attempt(ownership.renew)
        await asyncio.sleep(ownership.renew_every_s)


async def _keep_house(progress: Progress) -> None:
    """Goes on with what was taken over, ends what is overdue, and puts right what has stalled."""
    last_look = time.monotonic()
    while True:
        await asyncio.sleep(_LOOK_S)
        # What cannot be settled, such as an end that cannot be announced, keeps nothing from ending in time.
        done = [await _attempt(progress.settle), await _attempt(progress.expire_overdue)]
        if not all(done):
            await asyncio.sleep(_PAUSE_S)
        elif time.monotonic() - last_look >= _RECONCILE_S:
            last_look = time.monotonic()
            await _attempt(lambda: progress.reconcile_stalled(_QUIET_MS))


async def _attempt(work: Callable[[], Awaitable[object]]) -> bool:
    """Does it and says whether it could be done. What is left undone is done by a later attempt."""
    try:
        await work()
    except DependencyLost as lost:
        _log.debug("put off: %s", lost)
        return False
    except Exception:  # noqa: BLE001
        _log.exception("housekeeping failed unexpectedly")
        return False
    return True
