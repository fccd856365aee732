"""Notices at once when a process ends, without asking again and again."""

from __future__ import annotations

import asyncio
import os
import select


def has_ended(pid: int) -> bool:
    """Whether the process `pid` has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        readable, _, _ = select.select([descriptor], [], [], 0)
    finally:
        os.close(descriptor)
    return bool(readable)


async def ended(pid: int) -> None:
    """Returns when the process `pid`, which need not be a child, has ended; at once when there is none."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
