"""Programs that benchmarks run."""

from __future__ import annotations

import asyncio
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
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **(environment or {})},
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    talking = asyncio.ensure_future(process.communicate())
    try:
        said, _ = await asyncio.shield(talking)
    except asyncio.CancelledError:
        process.terminate()
        await asyncio.wait((talking,), timeout=_PATIENCE)
        if process.returncode is None:
            process.kill()
            await talking
        raise
    text = said.decode(errors="replace")
    if process.returncode:
        raise MeasurementFailed(f"{Path(command[0]).name} ended with {process.returncode}: {diagnosis(text)}")
    return text


def diagnosis(said: str) -> str:
    """The line that says what went wrong: the harness's own, or the last."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if line.startswith("FAILED: ")), lines[-1])
