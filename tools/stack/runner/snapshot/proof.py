"""Whether what was thawed is as good as what was frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from tools.stack.runner.probes import Readiness

PATIENCE = 10.0  # Seconds that a service has to answer its probe: it was ready when it was frozen.


async def doubt(asking: Awaitable[None], ending: Awaitable[None], readiness: Readiness) -> str:
    """Why a container that was thawed is not to be used; empty once its probe has been answered as it should.

    `asking` ends with that answer, and leaves what it hears meanwhile in `readiness`; `ending` with the container.
    """
    asked, end = asyncio.ensure_future(asking), asyncio.ensure_future(ending)
    try:
        done, _ = await asyncio.wait((asked, end), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        end.cancel()
    if end in done:
        return "what was restored from it ended at once"
    if asked not in done:
        return f"what was restored from it is not ready after {PATIENCE:.0f} s: {readiness.last.text}"
    asked.result()
    return ""
