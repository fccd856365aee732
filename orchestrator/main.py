"""The command line."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from orchestrator import __version__, structured_logging
from orchestrator.adapters.grpc.authentication import UnusableToken
from orchestrator.adapters.grpc.server import ServerCannotListen
from orchestrator.adapters.login import UnusablePassword
from orchestrator.adapters.telemetry.export import UnusableExport
from orchestrator.bootstrap import real_service
from orchestrator.dev_bootstrap import dev_service
from orchestrator.runner import run
from orchestrator.settings import InvalidSettings, Settings, describe

_USAGE = 2
_DEV_DEFAULTS = {"MODEL": "in-memory"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the service; returns the exit status: 0 after a clean stop, 2 if it cannot start as told."""
    options = _parser().parse_args(arguments)
    environment = {**(_DEV_DEFAULTS if options.dev else {}), **os.environ}
    try:
        settings = Settings.from_environment(environment)
    except InvalidSettings as error:
        print(f"orchestrator: {error}", file=sys.stderr)
        return _USAGE
    structured_logging.configure(settings.log_level)
    try:
        asyncio.run(_serve(settings, dev=options.dev))
    except (ServerCannotListen, UnusableExport, UnusablePassword, UnusableToken) as error:
        print(f"orchestrator: {error}", file=sys.stderr)
        return _USAGE
    return 0


async def _serve(settings: Settings, *, dev: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = dev_service(settings) if dev else real_service(settings)
    await run(service, stop, settings.drain_s)


def _parser() -> argparse.ArgumentParser:
    width = max(len(name) for name, _, _ in describe())
    table = "\n".join(f"  {name:{width}}  {help_} [{default}]" for name, default, help_ in describe())
    parser = argparse.ArgumentParser(
        prog="orchestrator",
        description="Councils of agents deliberate on tasks: the gRPC service orchestrator.v1.OrchestratorService.",
        epilog=f"environment, with defaults:\n{table}\n\n"
        "It serves at once; grpc.health.v1 says SERVING for orchestrator.v1.OrchestratorService when NATS, Redis, the\n"
        "Ray actors and vLLM are all there. Try it without any of them:  python3.11 -m orchestrator --dev",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dev", action="store_true", help="everything in memory, with made-up text; needs nothing")
    parser.add_argument("--version", action="version", version=__version__)
    return parser
