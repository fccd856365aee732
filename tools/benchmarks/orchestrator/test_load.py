"""Runs beside the stack: puts it under load after load, and writes what was counted to /outputs/NAME-NUMBER.json."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc
from tools.benchmarks.load.deliberations import Shape, under_load, watch

# How long the model takes where it is not asked for no time at all; each request up to half of it more or less.
_DELAY_MS = 250
_JITTER = 0.5
_WINDOW_S = 3.0

_LOADS = {
    # Deliberations at once, of a model that takes no time: what the service itself can do.
    "at_once": {number: (Shape(number), 0) for number in (1, 4, 16, 64)},
    "agents": {number: (Shape(max(1, 48 // number), agents=number), 0) for number in (1, 8, 32)},
    # A model that takes its time, as models do: how the service follows where there is more to do.
    "slow": {number: (Shape(number), _DELAY_MS) for number in (1, 4, 16, 32, 64)},
}


_IDS = [(name, number) for name, loads in _LOADS.items() for number in loads]


# The benchmark chooses some.
@pytest.mark.parametrize(("name", "number"), [pytest.param(*each, id="{}-{}".format(*each)) for each in _IDS])
def test_load(name: str, number: int) -> None:
    window = asyncio.run(_window(*_LOADS[name][number]))
    Path(f"/outputs/{name}-{number}.json").write_text(json.dumps(window))


async def _window(shape: Shape, delay_ms: int) -> dict[str, float]:
    options = (("grpc.max_receive_message_length", -1),)
    async with (
        httpx.AsyncClient(base_url=os.environ["VLLM_URL"].removesuffix("/v1")) as model,
        grpc.aio.insecure_channel(os.environ["ORCHESTRATOR_ADDRESS"], options) as channel,
    ):
        return await _measured(pb_grpc.OrchestratorServiceStub(channel), model, shape, delay_ms)


async def _measured(stub: Any, model: httpx.AsyncClient, shape: Shape, delay_ms: int) -> dict[str, float]:
    await model.post("/control", json={"delay_ms": delay_ms, "jitter": _JITTER if delay_ms else 0})

    async def answered() -> float:
        return float((await model.get("/control")).json()["answered"])

    # A deliberation has three phases; the load is even after one.
    async with under_load(stub, shape, spread_s=3 * delay_ms / 1000) as load:
        # One alone makes few steps: to know how many takes longer.
        seconds = _WINDOW_S * (3 if delay_ms and shape.at_once == 1 else 1)
        window = await watch(answered, warm_up_s=1 + 4 * delay_ms / 1000, seconds=seconds)
    assert load.warnings == []
    return {**asdict(window), "duration_s": statistics.mean(load.durations)}
