"""Start vLLM's OpenAI-compatible server, with its arguments, and its engine forked from it.

On CPUs vLLM spawns the engine's process, which then imports all of torch and vLLM a second time:
a third of the time to start. A fork has them already. It is safe here: the server has done no
computation by then, so no OpenMP threads exist, and there is no accelerator to initialise.
"""

import multiprocessing

from vllm.entrypoints.launchers.api_server import entry
from vllm.v1.engine import utils as engine

if __name__ == "__main__":
    engine.get_mp_context = lambda: multiprocessing.get_context("fork")
    entry.main()
