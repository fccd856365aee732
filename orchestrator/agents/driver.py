"""The driver of the agents' Ray job: has the actors run, and run again when they die."""

import asyncio
import logging
import os
import signal
from typing import Any

import ray
from ray.exceptions import RayError

from orchestrator import structured_logging
from orchestrator.agents.actor import AgentActor
from orchestrator.bootstrap import agent_environment
from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

_PAUSE_S = 0.5
_STOP_S = 1.5


def main() -> None:
    """Runs until SIGTERM, which is how a job is stopped."""
    settings, job = agent_environment(dict(os.environ))
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
    actors = [remote.remote() for _ in range(settings.agent_actors)]
    running = [asyncio.create_task(_keep_running(actor)) for actor in actors]
    await stop.wait()
    for task in running:
        task.cancel()
    await asyncio.wait([asyncio.ensure_future(actor.stop.remote()) for actor in actors], timeout=_STOP_S)


async def _keep_running(actor: Any) -> None:
    """Ray restarts an actor that died; what it did has to be asked for again."""
    while True:
        try:
            await actor.run.remote()
        except RayError as error:
            _log.warning("an actor stopped: %s", type(error).__name__)
        await asyncio.sleep(_PAUSE_S)
