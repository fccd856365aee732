"""What `/healthcheck.pyz` does in a container: one attempt of one of the harness's probes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes import Target, make
from tools.stack.runner.probes.wait import ATTEMPT_TIMEOUT, ask


def main() -> int:
    """Asks what the argument says, and prints the answer; 0 when it is "ready"."""
    question = json.loads(sys.argv[1])
    probe = make(ProbeSpec(question["kind"], question["options"]))
    target = Target(question["host"], question["ports"], _no_command, _no_secret)
    answer = asyncio.run(ask(probe, target, ATTEMPT_TIMEOUT))
    print(answer.text)
    return 0 if answer.ready else 1


async def _no_command(command: Sequence[str]) -> str:
    raise NotImplementedError(f"an exec probe is the health check itself: {command}")


def _no_secret(name: str) -> str:
    raise NotImplementedError(f"no probe that is asked by this program has a password: {name}")
