"""The Ray actor: an asynchronous one, which works on several steps at once."""

import os

import ray

from orchestrator import structured_logging
from orchestrator.agent_bootstrap import agent_environment, run_agent
from orchestrator.agents.crew import Engagement
from orchestrator.agents.worker import Identity

_STOP_S = 1.0


class AgentActor:
    """Takes steps off the queue for as long as `run` runs."""

    def __init__(self) -> None:
        settings, job = agent_environment(dict(os.environ))
        structured_logging.configure(settings.log_level)
        context = ray.get_runtime_context()
        identity = Identity(node_id=context.get_node_id(), actor_id=context.get_actor_id() or "")
        self._engagement = Engagement(lambda: run_agent(settings, identity, job))

    async def run(self) -> None:
        """Works until the actor is told to stop."""
        await self._engagement.run()

    async def stop(self) -> None:
        """Ends `run` and closes what it holds. Steps in progress go to somebody else."""
        await self._engagement.stop(_STOP_S)
