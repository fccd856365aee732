"""Cuts and slows the network between containers: the only module that calls nft and iptables.

A cut is a table of rules in the network namespace of a container, and so it is gone with the container, whatever
happens to this program. Containers have no capabilities: they can neither see nor undo it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Collection

from tools.stack.runner.engine.environment import search_path
from tools.stack.runner.errors import StackError
from tools.stack.runner.faults import delay

_TABLE = "tools_stack"


class NetfilterError(StackError):
    """The network could not be changed; the line has the reason."""


def rules(cut_off: Collection[str]) -> str:
    """A script for nft after which the container exchanges no packet with these addresses, and any with the others.

    Packets vanish, as on a broken line: nobody is told, and connections that are open stay open.
    """
    # To add the table first makes deleting it succeed where there is none yet.
    lines = [f"table inet {_TABLE}", f"delete table inet {_TABLE}"]
    if cut_off:
        addresses = "{ " + ", ".join(sorted(cut_off)) + " }"
        lines += [
            f"table inet {_TABLE} {{",
            f"  chain in {{ type filter hook input priority 0; ip saddr {addresses} drop; }}",
            f"  chain out {{ type filter hook output priority 0; ip daddr {addresses} drop; }}",
            "}",
        ]
    return "\n".join(lines) + "\n"


async def cut(pid: int, cut_off: Collection[str]) -> None:
    """Cuts the container whose first process is `pid` off from just these addresses. Raises NetfilterError."""
    await _inside(pid, "nft", "-f", "-", given=rules(cut_off))


class Delay:
    """What a container sends takes longer. It ends with the container, and with this program."""

    def __init__(self, pid: int, process: asyncio.subprocess.Process) -> None:
        self._pid, self._process = pid, process

    @classmethod
    async def start(cls, pid: int, seconds: float) -> Delay:
        """Delays each packet from the container whose first process is `pid`. Raises NetfilterError."""
        await _inside(pid, *_queueing("-A"))
        process = await _start(pid, sys.executable, "-EsS", delay.__file__, str(seconds))
        said = await process.stdout.readline() if process.stdout else b""
        if said.decode().strip() != delay.READY:
            reason = (await process.communicate())[1].decode(errors="replace").strip()
            raise NetfilterError(f"the network could not be slowed: {reason or 'the delayer ended'}")
        return cls(pid, process)

    async def end(self) -> None:
        """Packets pass at once again. Raises NetfilterError."""
        await _inside(self._pid, *_queueing("-D"))
        self.kill()

    def kill(self) -> None:
        """The same where the container may be gone, or goes in a moment."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


def _queueing(action: str) -> list[str]:
    """iptables' arguments that add, or delete, the rule by which delay.py gets packets."""
    # By iptables: many a kernel has its NFQUEUE and not the queue statement of nft.
    rule = ["-o", "eth0", "-j", "NFQUEUE", "--queue-num", str(delay.QUEUE), "--queue-bypass"]
    return ["iptables", "-w", "-t", "mangle", action, "OUTPUT", *rule]


async def _inside(pid: int, program: str, *arguments: str, given: str = "") -> None:
    """Runs a program in the network namespace of a container, and gives it text. Raises NetfilterError."""
    process = await _start(pid, program, *arguments)
    _, stderr = await process.communicate(given.encode())
    if process.returncode:
        raise NetfilterError(f"{program} refused to change the network: {stderr.decode(errors='replace').strip()}")


async def _start(pid: int, *command: str) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *("nsenter", f"--net=/proc/{pid}/ns/net", *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": search_path()},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NetfilterError(f"changing the network takes nsenter, of util-linux: {error}") from error
