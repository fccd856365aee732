"""Programs that benchmarks run."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tools.benchmarks.core.benchmark import MeasurementFailed
from tools.benchmarks.core.process import call, diagnosis


def python(text: str) -> tuple[str, ...]:
    return sys.executable, "-c", text


async def test_what_it_said_is_returned(tmp_path: Path) -> None:
    said = await call(
        *python("import os; print(os.getcwd(), os.environ['A'])"), environment={"A": "b"}, directory=tmp_path
    )
    assert said == f"{tmp_path} b\n"


async def test_the_failure_names_program_status_and_reason() -> None:
    with pytest.raises(MeasurementFailed) as failed:
        await call(*python("import sys; print('first', flush=True); sys.exit('no such thing')"))
    assert {"1:", "such", "thing"} <= {*str(failed.value).split()}
    assert "first" not in str(failed.value)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("noise\nFAILED: vllm exited 137\nits log\n", "FAILED: vllm exited 137"),
        ("a\nb\n", "b"),
        ("", "it said nothing"),
    ],
)
def test_a_diagnosis_is_one_line(said: str, line: str) -> None:
    assert diagnosis(said) == line


async def test_who_is_cancelled_waits_until_the_program_has_cleaned_up(tmp_path: Path) -> None:
    ready, cleaned = tmp_path / "ready", tmp_path / "cleaned"
    text = f"""
import pathlib, signal, sys, threading
def clean(*_):
    pathlib.Path({str(cleaned)!r}).touch()
    sys.exit()
signal.signal(signal.SIGTERM, clean)
pathlib.Path({str(ready)!r}).touch()
threading.Event().wait()
"""
    task = asyncio.create_task(call(*python(text)))
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned.exists()
