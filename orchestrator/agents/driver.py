"""The driver of the agents' Ray job: has the actors run, and run again when they die."""

import asyncio
import logging
import os
import signal
import sys
from typing import Any

import ray

from orchestrator import structured_logging
from orchestrator.adapters.login import UnusablePassword
from orchestrator.agent_bootstrap import agent_environment
from orchestrator.agents.actor import AgentActor
from orchestrator.agents.crew import Crew
from orchestrator.connections import check_logins
from orchestrator.settings import InvalidSettings, Settings

_log = logging.getLogger(__name__)

_STOP_S = 1.5


def main() -> None:
    """Runs until SIGTERM, which is how a job is stopped. Exits with one line where the settings cannot be used."""
    try:
        settings, job = agent_environment(dict(os.environ))
        check_logins(settings)
    except (InvalidSettings, UnusablePassword) as error:
        sys.exit(f"orchestrator agents: {error}")
    structured_logging.configure(settings.log_level)
    # The driver's own environment names the cluster; what the actors log stays in their own files.
    ray.init(log_to_driver=False, logging_level=logging.WARNING)
    _log.info("driver started", extra={"job": job, "actors": settings.agent_actors})
    asyncio.run(_drive(settings))


async def _drive(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # An actor takes a place of its own so that none is put on a node without CPUs, such as the head.
    remote: Any = ray.remote(num_cpus=settings.agent_actor_cpus, max_restarts=-1)(AgentActor)
    await Crew([_RayMember(remote.remote()) for _ in range(settings.agent_actors)]).work(stop, _STOP_S)


class _RayMember:
    """Member over the handle of an actor."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def run(self) -> None:
        await self._handle.run.remote()

    async def stop(self) -> None:
        await self._handle.stop.remote()
