"""The Ray actor: an asynchronous one, which works on several steps at once."""

import asyncio
import os

import ray

from orchestrator import structured_logging
from orchestrator.agents.worker import Identity
from orchestrator.bootstrap import agent_environment, run_agent


class AgentActor:
    """Takes steps off the queue for as long as `run` runs."""

    def __init__(self) -> None:
        self._settings, self._job = agent_environment(dict(os.environ))
        structured_logging.configure(self._settings.log_level)
        context = ray.get_runtime_context()
        self._identity = Identity(node_id=context.get_node_id(), actor_id=context.get_actor_id() or "")
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Works until the actor is told to stop."""
        self._running = asyncio.create_task(run_agent(self._settings, self._identity, self._job))
        try:
            await self._running
        except asyncio.CancelledError:
            if not self._running.cancelled():
                raise

    async def stop(self) -> None:
        """Ends `run` and closes what it holds. Steps in progress go to somebody else."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running], timeout=1)
