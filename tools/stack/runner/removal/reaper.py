"""Cleans up after a runner that was killed.

A process of its own, outside of the test's process group and, where that can be had, of its process tree (see
detach.py). It sleeps on the runner's pidfd; when the runner ends without dismissing it, it removes everything that
carries the run's label, and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
from pathlib import Path

from tools.stack.runner.engine.environment import podman_settings
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import StackError
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.removal import detach, remnants
from tools.stack.runner.removal.cleanup import remove_run, remove_workdir, stop_commands
from tools.stack.runner.snapshot.snapshots import PLACE, store_of

_ROOT = Path(__file__).absolute().parents[4]
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from tools.stack.runner.removal.reaper import main; main()"
_START_TIMEOUT = 20.0


class Reaper:
    """The runner's end: start it before creating anything, dismiss it when everything is removed."""

    def __init__(self, identity: ProcessIdentity, outside: bool) -> None:
        self.identity = identity
        self.outside = outside

    @classmethod
    async def start(cls, run_id: str, workdir: Path) -> Reaper:
        """Starts a reaper for this process and waits until it keeps watch. Raises StackError."""
        ready = workdir / "reaper"
        os.mkfifo(ready, 0o600)
        descriptor = os.open(ready, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        owner = ProcessIdentity.current()
        command = [sys.executable, "-EsS", "-c", _MAIN, str(_ROOT), run_id, str(owner), str(workdir), str(ready)]
        environment = {"PATH": os.environ.get("PATH", os.defpath), **podman_settings()}
        environment |= {PLACE: os.environ[PLACE]} if PLACE in os.environ else {}
        try:
            for way in (detach.outside, detach.inside):
                if await asyncio.to_thread(way, command, environment):
                    with contextlib.suppress(TimeoutError):
                        answer = await asyncio.wait_for(_read(descriptor), _START_TIMEOUT)
                        return cls(ProcessIdentity.parse(answer), way is detach.outside)
        finally:
            os.close(descriptor)
        raise StackError(f"the process that cleans up did not start within {_START_TIMEOUT:.0f} s")

    def dismiss(self) -> None:
        """Ends the reaper: there is nothing left to remove. It ends with the runner where it can't be signalled."""
        if self.identity.is_here() and self.identity.is_alive():
            os.kill(self.identity.pid, signal.SIGTERM)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.identity.pid, 0)


async def _read(descriptor: int) -> str:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
        return os.read(descriptor, 256).decode()
    finally:
        loop.remove_reader(descriptor)


def main() -> None:
    """The reaper itself: ROOT RUN_ID OWNER WORKDIR READY_FIFO."""
    _, _, run_id, owner_text, workdir, ready = sys.argv
    Path("/proc/self/comm").write_text("stack-reaper")
    owner = ProcessIdentity.parse(owner_text)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # A terminal's Ctrl-C is the runner's business.
    try:
        descriptor = os.pidfd_open(owner.pid)
    except ProcessLookupError:
        descriptor = -1
    with contextlib.suppress(OSError):  # The runner was killed already, and nobody reads.
        answer = os.open(ready, os.O_WRONLY | os.O_NONBLOCK)
        os.write(answer, str(ProcessIdentity.current()).encode())
        os.close(answer)
    if descriptor >= 0 and owner.is_alive():
        select.select([descriptor], [], [])
    asyncio.run(_clean(run_id, Path(workdir)))


async def _clean(run_id: str, workdir: Path) -> None:
    await stop_commands(run_id)
    await remove_run(Podman(), run_id, killed=True)
    remove_workdir(workdir)
    (await store_of(Podman())).sweep()
    while await remnants.remove_blank_namespaces():
        await asyncio.sleep(1)
