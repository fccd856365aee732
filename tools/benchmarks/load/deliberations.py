"""Deliberations by callers who begin another one when theirs is over: what runs beside a stack, in the tests' container."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from protos.orchestrator.v1 import orchestrator_pb2 as pb

_TASK = "Write a function that adds two numbers, and say what can go wrong."
_REQUIREMENT = "It has a test."


@dataclass(frozen=True, slots=True)
class Shape:
    """How many deliberations at once, of how many agents and rounds."""

    at_once: int
    agents: int = 3
    rounds: int = 1

    def request(self) -> pb.DeliberateRequest:
        """A new deliberation."""
        return pb.DeliberateRequest(
            task_id=f"task-{uuid.uuid4().hex}",
            task_description=_TASK,
            role="DEV",
            num_agents=self.agents,
            rounds=self.rounds,
            constraints=pb.TaskConstraints(timeout_seconds=300, requirements=[_REQUIREMENT]),
        )


@dataclass(slots=True)
class Load:
    """What the callers have seen: how long each deliberation took, in seconds, and what went wrong."""

    durations: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@asynccontextmanager
async def under_load(stub: Any, shape: Shape, spread_s: float = 0.0, *, cut_short: bool = False) -> AsyncIterator[Load]:
    """Keeps so many deliberations going for the duration of the block.

    The callers begin over `spread_s` seconds: were they to begin together, they would wait for each other for ever after.
    Deliberations that are going at the end of the block are waited for, or cancelled if the load is to be `cut_short`.
    """
    load, over = Load(), asyncio.Event()
    going: set[str] = set()

    async def call(request: pb.DeliberateRequest) -> None:
        began = time.monotonic()
        going.add(request.task_id)
        try:
            answer = await stub.Deliberate(request)
        except grpc.aio.AioRpcError as error:
            if cut_short and over.is_set() and error.code() is grpc.StatusCode.CANCELLED:
                return
            raise
        going.discard(request.task_id)
        load.durations.append(time.monotonic() - began)
        load.warnings += answer.warnings

    async def call_again_and_again(number: int) -> None:
        await asyncio.sleep(spread_s * number / shape.at_once)
        while not over.is_set():
            await call(shape.request())

    async with asyncio.TaskGroup() as callers:
        for number in range(shape.at_once):
            callers.create_task(call_again_and_again(number))
        try:
            yield load
        finally:
            over.set()
            if cut_short:
                ends = (pb.CancelDeliberationRequest(task_id=each, reason="the load is over") for each in going)
                await asyncio.gather(*(stub.CancelDeliberation(end) for end in ends))


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted from `began` to `ended`, seconds since the epoch."""

    began: float
    ended: float
    count: float

    @property
    def per_second(self) -> float:
        """How many there were in a second."""
        return self.count / (self.ended - self.began)


async def watch(count: Callable[[], Awaitable[float]], warm_up_s: float, seconds: float) -> Window:
    """What `count` counts within `seconds`, after `warm_up_s`: in the midst of the load, without its start and its end."""
    await asyncio.sleep(warm_up_s)
    began, before = time.time(), await count()
    await asyncio.sleep(seconds)
    ended, after = time.time(), await count()
    return Window(began, ended, after - before)
