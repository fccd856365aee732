"""Programs that benchmarks run."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from tools.benchmarks.core.benchmark import MeasurementFailed

_PATIENCE = 30.0


async def call(
    *command: str | Path, environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> str:
    """What a program said, on both of its streams, when it has ended with 0. Raises MeasurementFailed otherwise.

    Where the caller is cancelled the program is asked to end, by SIGTERM, and waited for.

    Args:
        command: program and arguments.
        environment: variables beside those of this process.
        directory: where it runs.
    """
    # Cancelled while it starts, asyncio would kill it, and it could not clean up.
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **(environment or {})},
            cwd=directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    )
    talking = asyncio.ensure_future(_said(starting))
    try:
        said = await asyncio.shield(talking)
    except asyncio.CancelledError:
        await _end(await starting, talking)
        raise
    process = await starting
    text = said.decode(errors="replace")
    if process.returncode:
        raise MeasurementFailed(f"{Path(command[0]).name} ended with {process.returncode}: {diagnosis(text)}")
    return text


async def _said(starting: asyncio.Future[asyncio.subprocess.Process]) -> bytes:
    said, _ = await (await starting).communicate()
    return said


async def _end(process: asyncio.subprocess.Process, talking: asyncio.Future[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await asyncio.wait((talking,), timeout=_PATIENCE)
    if process.returncode is None:
        process.kill()
        await talking


def diagnosis(said: str) -> str:
    """The line that says what went wrong: the harness's own, or the last."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if line.startswith("FAILED: ")), lines[-1])
