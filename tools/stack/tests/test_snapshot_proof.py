"""What was thawed is used when its probe is answered, and not when it ends or stays silent."""

from __future__ import annotations

import asyncio

import pytest

from tools.stack.runner.probes import Readiness
from tools.stack.runner.snapshot import proof


async def at_once() -> None:
    pass


async def never() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise RuntimeError("the probe is broken")


async def test_an_answer_leaves_no_doubt() -> None:
    assert await proof.doubt(at_once(), never(), Readiness()) == ""


async def test_an_end_is_a_doubt_even_after_an_answer() -> None:
    assert "ended" in await proof.doubt(never(), at_once(), Readiness())
    assert "ended" in await proof.doubt(at_once(), at_once(), Readiness())


async def test_silence_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PATIENCE", 0.01)
    readiness = Readiness()
    assert readiness.last.text in await proof.doubt(never(), never(), readiness)


async def test_a_broken_probe_is_not_taken_for_a_doubt() -> None:
    with pytest.raises(RuntimeError):
        await proof.doubt(fail(), never(), Readiness())
