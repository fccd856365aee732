"""Calls as metrics."""

import asyncio
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from orchestrator.adapters.grpc.metrics import MeasuresCalls
from orchestrator.adapters.grpc.server import SERVICE_NAME, ServerPolicy
from orchestrator.testing.calls import failure
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_TOKEN = [("authorization", "Bearer token")]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def observers(registry: CollectorRegistry) -> tuple[grpc.aio.ServerInterceptor, ...]:
    return (MeasuresCalls(registry),)


@pytest.fixture
def policy() -> ServerPolicy:
    return ServerPolicy(tokens=("token",))


def _handled(registry: CollectorRegistry, method: str) -> dict[str, float]:
    """How often a method ended with each code."""
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return {
        sample.labels["grpc_code"]: sample.value
        for sample in samples
        if sample.name == "grpc_server_handled_total" and sample.labels["grpc_method"] == method
    }


async def test_calls_are_counted_by_method_and_code(stub: Any, registry: CollectorRegistry) -> None:
    ask = pb.GetDeliberationResultRequest(task_id="none")
    for _ in range(2):
        await failure(stub.GetDeliberationResult(ask, metadata=_TOKEN))
    await failure(stub.GetDeliberationResult(ask))
    await stub.ListCouncils(pb.ListCouncilsRequest(), metadata=_TOKEN)

    # The server counts a call when it has answered, and its caller may be quicker.
    async with asyncio.timeout(10):
        while sum(_handled(registry, "GetDeliberationResult").values()) < 3 or not _handled(registry, "ListCouncils"):
            await asyncio.sleep(0.01)
    assert _handled(registry, "GetDeliberationResult") == {"NotFound": 2, "Unauthenticated": 1}
    assert _handled(registry, "ListCouncils") == {"OK": 1}
    labels = {"grpc_type": "unary", "grpc_service": SERVICE_NAME, "grpc_method": "GetDeliberationResult"}
    assert registry.get_sample_value("grpc_server_started_total", labels) == 3
    assert registry.get_sample_value("grpc_server_handling_seconds_count", labels) == 3


async def test_bytes_that_are_no_request_are_counted_too(channel: Any, registry: CollectorRegistry) -> None:
    await failure(channel.unary_unary(f"/{SERVICE_NAME}/Deliberate")(b"\xff", metadata=_TOKEN))

    # The server counts a call when it has answered, and its caller may be quicker.
    async with asyncio.timeout(10):
        while not (seen := _handled(registry, "Deliberate")):
            await asyncio.sleep(0.01)

    assert seen == {"InvalidArgument": 1}


@pytest.mark.parametrize(
    ("timeout", "codes"),
    [pytest.param(0.3, {"DeadlineExceeded"}, id="deadline"), pytest.param(None, {"Cancelled"}, id="hung up")],
)
async def test_a_caller_that_does_not_wait_to_the_end_is_seen(
    stub: Any, stage: Stage, registry: CollectorRegistry, timeout: float | None, codes: set[str]
) -> None:
    request = pb.DeliberateRequest(task_description="Add two numbers.", role="DEV", task_id="left")
    call = stub.Deliberate(request, metadata=_TOKEN, timeout=timeout)
    async with asyncio.timeout(10):
        while not await stage.store.load("left"):
            await asyncio.sleep(0.001)
        if timeout is None:
            call.cancel()
        while not (seen := _handled(registry, "Deliberate")):
            await asyncio.sleep(0.01)

    # The server may hear of the client's hanging up before its own clock says that the time is over.
    assert seen.keys() <= {*codes, "Cancelled"}


async def test_methods_that_do_not_exist_make_no_labels(channel: Any, registry: CollectorRegistry) -> None:
    for number in range(5):
        await failure(channel.unary_unary(f"/{SERVICE_NAME}/Made{number}")(b"", metadata=_TOKEN))

    assert not [sample for metric in registry.collect() for sample in metric.samples]
