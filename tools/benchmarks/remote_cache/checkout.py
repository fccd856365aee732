"""A machine that has nothing yet: a checkout at a path of its own, an empty output base, no disk cache."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.benchmarks.core.process import call
from tools.remote_cache.build_events import Build, read_build


async def copy_sources(workspace: Path, target: Path) -> None:
    """Copies what git knows of, and what is new and not ignored, as it is on the disk."""
    names = await call("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", directory=workspace)
    for name in filter(None, names.split("\0")):
        if (workspace / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(workspace / name, target / name)


async def run_bazel(checkout: Path, arguments: Sequence[str]) -> tuple[float, Build]:
    """Runs Bazel as on a new machine, which is gone afterwards; the seconds, and what came of the actions.

    Wheels and Debian packages are on the disk already: Bazel's repository cache has them by hash, whatever the variant.
    Raises MeasurementFailed.
    """
    output_base, events = checkout.with_name("output"), checkout.with_name("events.json")
    bazel = [str(checkout / "bazelw"), f"--output_base={output_base}"]
    command, *others = arguments
    flags = ["--config=ci", "--disk_cache=", f"--build_event_json_file={events}"]
    began = time.monotonic()
    try:
        await call(*bazel, command, *flags, *others, directory=checkout)
        seconds = time.monotonic() - began
        return seconds, read_build(events.read_text().splitlines())
    finally:
        await call(*bazel, "shutdown", directory=checkout)
        shutil.rmtree(output_base)


def figures(seconds: float, build: Build) -> Mapping[str, float]:
    """The metrics that every machine has."""
    return {"seconds": seconds, "executed": build.executed, "hits": build.hits}
