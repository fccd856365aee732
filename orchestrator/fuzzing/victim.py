"""The whole service under --dev in a process of its own, which says on request what it holds.

Protocol of the process: its first line is its port; after each line on its input, a line of JSON (Holdings) comes.
"""

import asyncio
import dataclasses
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator import runner, structured_logging
from orchestrator.dev_bootstrap import dev_service
from orchestrator.settings import Settings

_SETTINGS = {"MODEL": "made-up", "ORCHESTRATOR_LISTEN": "127.0.0.1:0", "ORCHESTRATOR_MAX_OPEN": "10"}

_SETTLE_S = 10.0
_POLL_S = 0.1


@dataclass(frozen=True)
class Holdings:
    """What the process holds after a garbage collection: resident bytes, containers in the heap, tasks of its event loop."""

    resident_bytes: int
    objects: int
    tasks: int


class Victim:
    """The process, seen from outside."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.address = f"127.0.0.1:{self._line()}"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def log(self) -> str:
        """Its warnings and errors so far."""
        return self._log.read_text(errors="replace")

    def holdings(self) -> Holdings:
        """Asks it. Raises EOFError where it has ended."""
        if self._process.stdin is None:
            raise EOFError
        print(file=self._process.stdin, flush=True)
        return Holdings(**json.loads(self._line()))

    def settled(self, tasks: int) -> Holdings:
        """What it holds once it has no more than so many tasks, or after a while: calls that were given up end by themselves."""
        deadline = time.monotonic() + _SETTLE_S
        while (holdings := self.holdings()).tasks > tasks and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return holdings

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise EOFError("the service has ended")
        return line.strip()


@contextmanager
def serving(log: Path) -> Iterator[Victim]:
    """Runs it for the duration of the block; its log goes to `log`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.fuzzing.victim"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
        try:
            yield Victim(process, log)
        finally:
            process.kill()
            process.communicate()


def _holdings() -> Holdings:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Holdings(pages * os.sysconf("SC_PAGE_SIZE"), len(gc.get_objects()), len(asyncio.all_tasks()))


async def _main() -> None:
    service = dev_service(Settings.from_environment(_SETTINGS))
    stop = asyncio.Event()
    running = asyncio.create_task(runner.run(service, stop, drain_s=0))
    print(service.server.port, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(dataclasses.asdict(_holdings())), flush=True)
    stop.set()
    await running


if __name__ == "__main__":
    structured_logging.configure("WARNING", sys.stderr)
    asyncio.run(_main())
