"""Runs a benchmark."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import Benchmark, LeftOut, Setting, Variant
from tools.benchmarks.core.results import Measured, Results
from tools.benchmarks.core.table import value_text
from tools.stack.runner.display.progress import Progress


async def measure(benchmark: Benchmark, rounds: int, progress: Progress, *, short: bool = False) -> Results:
    """Measures all variants in turn, `rounds` times. Nothing that goes wrong in one keeps the others from going on."""
    clock = asyncio.get_running_loop().time
    began = clock()
    results = Results(benchmark, {variant.name: Measured() for variant in benchmark.variants}, load=os.getloadavg()[0])
    directory = Path(tempfile.mkdtemp(prefix=f"benchmark-{benchmark.name}-"))
    setting = Setting(directory, lambda text: progress.event(f"{benchmark.name}: {text}"), short)
    for variant in benchmark.variants:
        if short and variant.detail:
            results.variants[variant.name].left_out = "the short mode has no time for it"
    try:
        async with benchmark.prepare(setting):
            for number in range(-benchmark.warmups, rounds):
                await _round(results, setting, number, rounds, progress)
    except Exception as error:  # noqa: BLE001  # Whatever it is, the other benchmarks go on.
        results.failure = _line(error)
        progress.event(f"{benchmark.name} failed: {results.failure}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    results.seconds = clock() - began
    return results


async def _round(results: Results, setting: Setting, number: int, rounds: int, progress: Progress) -> None:
    """Measures each variant once; a round with a negative number is a rehearsal."""
    name = f"round {number + 1} of {rounds}" if number >= 0 else "warm-up"
    for variant in results.benchmark.variants:
        measured = results.variants[variant.name]
        if measured.left_out:
            continue
        title = f"{results.benchmark.name}, {name}: {variant.name}"
        try:
            async with _shown(progress, title):
                done = await _once(results.benchmark, variant, setting)
        except LeftOut as reason:
            measured.left_out = str(reason)
            progress.event(f"{title}: left out, {reason}")
        except Exception as error:  # noqa: BLE001  # Whatever it is, the other variants go on.
            progress.event(f"{title} failed: {_line(error)}")
            if number >= 0:
                measured.rounds.append(_line(error))
        else:
            metrics = ", ".join(f"{key} {value_text(done[key], results.benchmark.metric(key))}" for key in done)
            progress.event(f"{title}: {metrics}")
            if number >= 0:
                measured.rounds.append(done)


async def _once(benchmark: Benchmark, variant: Variant, setting: Setting) -> dict[str, float]:
    try:
        async with asyncio.timeout(variant.timeout):
            done = dict(await variant.measure(setting))
    except TimeoutError as error:
        raise TimeoutError(str(error) or f"not done within {variant.timeout:g} s") from error
    for name in done:
        benchmark.metric(name)
    return done


@asynccontextmanager
async def _shown(progress: Progress, title: str) -> AsyncIterator[None]:
    """Says every now and then what is under way."""

    async def narrate() -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            await asyncio.sleep(progress.status_interval)
            progress.status({title: f"under way for {clock() - began:.0f} s"})

    narrator = asyncio.create_task(narrate())
    try:
        yield
    finally:
        narrator.cancel()


def _line(error: BaseException) -> str:
    """What went wrong, in one line. The first of a group's errors stands for all."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = next(iter(str(error).strip().splitlines()), "")
    return text if text and not isinstance(error, KeyError) else f"{type(error).__name__} {text}".strip()
