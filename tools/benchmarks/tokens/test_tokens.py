"""Runs beside the stack: deliberations and a bare client in turn, and writes what vLLM has counted to /outputs/tokens.json.

The bare client sends the very requests that the deliberations' agents have sent, in the same order and as many at once, until
it has had as many tokens as they had: proposals, reviews and revisions take different time for a token, so that only
the same piece of work can be compared.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
import nats
import pytest

from orchestrator.domain.review import answer_schema
from orchestrator.domain.steps import seed_for
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc
from tools.benchmarks.load.deliberations import Shape, under_load

_AT_ONCE = 16
# Three agents each: enough that there is always a step for each of 16 requests.
_SHAPE = Shape(at_once=16)
# Each begins a second after the one before, and each sender of the bare client as long after as a step of it. Requests that
# began together would also end together, and vLLM would read the next 16 prompts at once: two seconds without a token,
# of which a turn might have one more than the other.
_SPREAD_S = 16.0
_SENDERS_SPREAD_S = 5.3
_COUNTER = "vllm:generation_tokens_total"
_SAMPLED_EVERY_S = 0.25
_AT_MOST_S = 120

_Samples = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How often each has its turn, and for how many seconds the deliberations are watched then."""

    turns: int
    watched_s: float
    # Before the first turn: the agents start, and vLLM gets up to speed, which takes longer if it comes from a snapshot.
    warm_up_s: float


# The benchmark chooses one.
@pytest.mark.parametrize(
    "plan", [pytest.param(_Plan(4, 45, warm_up_s=15), id="long"), pytest.param(_Plan(2, 21, warm_up_s=5), id="short")]
)
def test_tokens(plan: _Plan) -> None:
    password = Path(os.environ["NATS_PASSWORD_FILE"]).read_text()
    Path("/outputs/tokens.json").write_text(json.dumps(asyncio.run(_turns(plan, password))))


async def _turns(plan: _Plan, password: str) -> list[dict[str, _Samples]]:
    """What vLLM had generated when, by the deliberations and by the bare client. `password` is that of NATS."""
    turns = []
    async with (
        httpx.AsyncClient(base_url=os.environ["VLLM_URL"].removesuffix("/v1"), timeout=120) as vllm,
        grpc.aio.insecure_channel(os.environ["ORCHESTRATOR_ADDRESS"]) as channel,
    ):
        stub = pb_grpc.OrchestratorServiceStub(channel)
        load = partial(under_load, stub, _SHAPE, spread_s=_SPREAD_S, cut_short=True)
        async with load():
            await asyncio.sleep(plan.warm_up_s)
        for _ in range(plan.turns):
            async with _overheard(password) as requests, load():
                deliberations = await _watch(vllm, seconds=plan.watched_s)
            async with _sending(vllm, requests):
                bare = await _watch(vllm, as_many=deliberations["tokens"][-1])
            turns.append({"deliberations": deliberations, "bare": bare})
    return turns


async def _watch(vllm: httpx.AsyncClient, seconds: float = math.inf, as_many: float = math.inf) -> _Samples:
    """Samples of `times` and `tokens`, both counted from the first on, for so many seconds or until there are as many tokens.

    Raises TimeoutError where there never are.
    """
    times, tokens = [0.0], [0.0]
    async with asyncio.timeout(_AT_MOST_S):
        began, before = time.monotonic(), await _generated(vllm)
        while times[-1] < seconds and tokens[-1] < as_many:
            await asyncio.sleep(_SAMPLED_EVERY_S)
            tokens.append(await _generated(vllm) - before)
            times.append(time.monotonic() - began)
    return {"times": times, "tokens": tokens}


async def _generated(vllm: httpx.AsyncClient) -> float:
    lines = (await vllm.get("/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(_COUNTER))


@asynccontextmanager
async def _overheard(password: str) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """The steps that are put on the queue during the block, as requests to the model."""
    requests: list[dict[str, Any]] = []

    async def hear(message: Any) -> None:
        requests.append(_request(json.loads(message.data)))

    async with await nats.connect(os.environ["NATS_URL"], user=os.environ["NATS_USER"], password=password) as client:
        await client.subscribe("agent.steps.>", cb=hear)
        yield requests


def _request(step: dict[str, Any]) -> dict[str, Any]:
    """What an agent asks the model for this step."""
    request = {name: step[name] for name in ("model", "messages", "max_tokens", "temperature")}
    request["seed"] = seed_for(step["step_id"], attempt=1)
    if step["labels"]:
        schema = {"name": step["kind"], "strict": True, "schema": answer_schema(step["labels"])}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request


@asynccontextmanager
async def _sending(vllm: httpx.AsyncClient, requests: Sequence[dict[str, Any]]) -> AsyncIterator[None]:
    """Sends them for the duration of the block, so many at once, one after the other and again from the beginning."""
    following = itertools.cycle(requests)

    async def send_again_and_again(number: int) -> None:
        await asyncio.sleep(_SENDERS_SPREAD_S * number / _AT_ONCE)
        while True:
            answer = await vllm.post("/v1/chat/completions", json=next(following))
            answer.raise_for_status()

    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send_again_and_again(number)) for number in range(_AT_ONCE)]
        try:
            yield
        finally:
            for sender in senders:
                sender.cancel()
