"""Start vLLM's OpenAI-compatible server, with its arguments, in half the time that its own command takes.

Nearly all of a start is imports. What saves time has a name; to see its worth, VLLM_SERVE_WITHOUT leaves out those
that it names, with commas between them:

  collector  Nothing of what imports make is garbage, and Python's collector goes through it all many times: it rests
             meanwhile, and leaves it alone from then on.
  fork       On CPUs vLLM spawns the engine's process, which then imports all of torch and vLLM a second time. A fork has
             them already. It is safe here: the server has done no computation by then, so no OpenMP threads exist, and
             there is no accelerator to initialise.
"""

import gc
import multiprocessing
import os

LEFT_OUT = os.environ.get("VLLM_SERVE_WITHOUT", "").split(",")


def main() -> None:
    if "collector" not in LEFT_OUT:
        gc.disable()

    # Only now: that is what takes the time.
    from vllm.entrypoints.launchers.api_server import entry  # noqa: PLC0415
    from vllm.v1.engine import utils as engine  # noqa: PLC0415

    if "collector" not in LEFT_OUT:
        gc.freeze()
        gc.enable()
    if "fork" not in LEFT_OUT:
        engine.get_mp_context = lambda: multiprocessing.get_context("fork")
    entry.main()


if __name__ == "__main__":
    main()
