"""A container of a run, as the runner knows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tools.stack.runner import probes
from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.manifest import Service


@dataclass(slots=True)
class Container:
    """A container that was started. `started` and `ready_at` are on the timeline's clock.

    `end_is_wanted` is set before a test ends it; `ended` once it has ended by that, until it is started again, and for
    a task when it is done. `log_start` is how many bytes of its log are from before it was last started, `last` what
    podman said of it when it had ended.
    """

    service: Service
    id: str
    pid: int
    started: float
    readiness: probes.Readiness
    ready: bool = False
    ready_at: float = 0
    end_is_wanted: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    log_start: int = 0
    last: ContainerState | None = None
