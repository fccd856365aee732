"""Cuts the network between containers: the only module that calls nft.

A cut is a table of rules in the network namespace of a container, and so it is gone with the container, whatever
happens to this program. Containers have no capabilities: they can neither see nor undo it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from tools.stack.runner.errors import StackError
from tools.stack.runner.podman import search_path

_TABLE = "tools_stack"


class NetfilterError(StackError):
    """nft could not do it; the line has its reason."""


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
    try:
        process = await asyncio.create_subprocess_exec(
            *("nsenter", f"--net=/proc/{pid}/ns/net", "nft", "-f", "-"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": search_path()},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NetfilterError(
            f"the network can only be cut with nsenter (util-linux) and nft (nftables): {error}"
        ) from error
    _, stderr = await process.communicate(rules(cut_off).encode())
    if process.returncode:
        raise NetfilterError(f"nft refused to cut the network: {stderr.decode(errors='replace').strip()}")
