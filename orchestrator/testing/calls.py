"""Calls of the service, their errors, and agents that do the work meanwhile."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc_status.rpc_status import from_call

from orchestrator.testing.stage import Stage


async def work(stage: Stage, task_id: str) -> None:
    """Waits until the deliberation exists, and answers its steps."""
    while not await stage.store.load(task_id):
        await asyncio.sleep(0.001)
    await stage.finish(task_id)


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


def detail(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    status = from_call(error)  # type: ignore[arg-type]
    if status is None:
        raise LookupError("the error carries no details")
    found = kind()
    if not status.details[0].Unpack(found):
        raise LookupError(status.details[0].type_url)
    return found
