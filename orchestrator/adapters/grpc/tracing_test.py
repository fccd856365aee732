"""Calls as spans."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from orchestrator.adapters.grpc.tracing import TracesCalls
from orchestrator.adapters.telemetry.export import make_tracer
from orchestrator.application.tracing import Tracer
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_ERROR = 2


@pytest.fixture
async def tracer(tmp_path: Path) -> AsyncIterator[Tracer]:
    tracer = make_tracer(f"file:{tmp_path}", "orchestrator")
    yield tracer
    await tracer.close()


@pytest.fixture
def observers(tracer: Tracer) -> tuple[grpc.aio.ServerInterceptor, ...]:
    return (TracesCalls(tracer),)


def _written(folder: Path) -> list[dict[str, Any]]:
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines(keepends=True)]
    documents = [json.loads(line) for line in lines if line.endswith("\n")]
    return [span for document in documents for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]]


async def _spans(folder: Path) -> list[dict[str, Any]]:
    """The spans that were written, once there are some."""
    async with asyncio.timeout(10):
        while not (spans := _written(folder)):
            await asyncio.sleep(0.05)
    return spans


def _code(span: dict[str, Any]) -> str:
    (code,) = (a["value"]["stringValue"] for a in span["attributes"] if a["key"] == "rpc.response.status_code")
    return str(code)


@pytest.mark.parametrize("method", ["Deliberate", "StreamDeliberation"])
async def test_a_caller_that_hangs_up_is_no_failure_and_nothing_breaks(
    stub: Any, stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    call = getattr(stub, method)(pb.DeliberateRequest(task_description="Add.", role="DEV", task_id="left"))
    if method == "StreamDeliberation":
        await call.read()
    async with asyncio.timeout(10):
        while not await stage.store.load("left"):
            await asyncio.sleep(0.001)
    call.cancel()

    (span,) = await _spans(tmp_path)
    assert _code(span) == "CANCELLED"
    assert span["status"].get("code") != _ERROR
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_stream_that_is_read_to_its_end_is_one_span(stub: Any, stage: Stage, tmp_path: Path) -> None:
    call = stub.StreamDeliberation(pb.DeliberateRequest(task_description="Add.", role="DEV", task_id="whole"))
    async for update in call:
        if update.progress_percent == 0:
            await stage.finish("whole")

    (span,) = await _spans(tmp_path)
    assert _code(span) == "OK"
