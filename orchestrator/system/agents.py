"""The agents' job without Ray: one process that works as an actor does. LocalRay starts it in the job's place."""

import asyncio
import os
import signal

from orchestrator import structured_logging
from orchestrator.agent_bootstrap import agent_environment, run_agent
from orchestrator.agents.crew import Engagement
from orchestrator.agents.worker import Identity

_STOP_S = 1.0


async def _work() -> None:
    settings, job = agent_environment(dict(os.environ))
    structured_logging.configure(settings.log_level)
    engagement = Engagement(lambda: run_agent(settings, Identity("local", f"actor-{os.getpid()}"), job))
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    running = asyncio.create_task(engagement.run())
    await stopped.wait()
    await engagement.stop(_STOP_S)
    await running


if __name__ == "__main__":
    asyncio.run(_work())
