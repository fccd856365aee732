"""What the server does with too much, and with what is no request."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.adapters.grpc.server import SERVICE_NAME, ServerPolicy
from orchestrator.testing.calls import detail, failure, work
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_CALLS = 2
_WATCHES = 3
_GARBAGE = b"\xff\xff\xff"


@pytest.fixture
def policy() -> ServerPolicy:
    return ServerPolicy(max_calls=_CALLS, max_watches=_WATCHES, max_message_bytes=100_000)


def _request(task_id: str) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(task_description="Add two numbers.", role="DEV", task_id=task_id)


async def test_more_calls_than_the_limit_are_refused_at_once_and_told_when_to_come_again(
    stub: Any, stage: Stage, channel: grpc.aio.Channel
) -> None:
    waiting = [asyncio.ensure_future(stub.Deliberate(_request(f"task-{number}"))) for number in range(_CALLS)]
    async with asyncio.timeout(10):
        while not all([await stage.store.load(f"task-{number}") for number in range(_CALLS)]):
            await asyncio.sleep(0.001)

    error = await failure(stub.Deliberate(_request("one-more")))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert detail(error, RetryInfo).retry_delay.ToMilliseconds() > 0
    assert await stage.store.load("one-more") is None
    health: Any = health_pb2_grpc.HealthStub(channel)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING

    await asyncio.gather(*(stage.finish(f"task-{number}") for number in range(_CALLS)), *waiting)
    await asyncio.gather(stub.Deliberate(_request("later")), work(stage, "later"))


async def test_a_call_that_fails_gives_its_place_back(stub: Any) -> None:
    for _ in range(3 * _CALLS):
        error = await failure(stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="none")))
        assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_a_caller_that_hangs_up_gives_its_place_back(stub: Any, stage: Stage) -> None:
    for number in range(3 * _CALLS):
        call = stub.Deliberate(_request(f"gone-{number}"))
        async with asyncio.timeout(10):
            while not await stage.store.load(f"gone-{number}"):
                await asyncio.sleep(0.001)
        call.cancel()
        await stage.finish(f"gone-{number}")
    async with asyncio.timeout(10):
        while (await failure(stub.Deliberate(pb.DeliberateRequest()))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("method", ["Deliberate", "GetDeliberationResult", "Orchestrate", "ListCouncils"])
async def test_bytes_that_are_no_request_are_the_callers_fault(channel: Any, method: str) -> None:
    call = channel.unary_unary(f"/{SERVICE_NAME}/{method}")

    error = await failure(call(_GARBAGE))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def _garbage() -> AsyncIterator[bytes]:
    yield _GARBAGE


async def test_so_they_are_for_methods_that_stream(channel: Any) -> None:
    streamed = channel.unary_stream(f"/{SERVICE_NAME}/StreamDeliberation")(_GARBAGE)
    watched = channel.unary_stream("/grpc.health.v1.Health/Watch")(_GARBAGE)
    reflected = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")(_garbage())

    for call in (streamed, watched, reflected):
        error = await failure(call.read())
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_text_that_is_not_utf8_is_the_callers_fault(channel: Any) -> None:
    # Field 1, a string of one byte that begins a character and doesn't end it.
    error = await failure(channel.unary_unary(f"/{SERVICE_NAME}/Deliberate")(b"\x0a\x01\xc3"))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("path", [f"/{SERVICE_NAME}/Dance", "/nobody.Knows/This", "/"])
async def test_a_method_that_is_not_there_is_unimplemented(channel: Any, path: str) -> None:
    error = await failure(channel.unary_unary(path)(b""))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_request_beyond_the_size_is_refused(stub: Any) -> None:
    error = await failure(stub.Deliberate(pb.DeliberateRequest(task_description="x" * 100_001)))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_metadata_beyond_the_size_is_refused(stub: Any) -> None:
    error = await failure(stub.Deliberate(pb.DeliberateRequest(), metadata=[("x-much", "x" * 40_000)]))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_health_can_be_watched(channel: grpc.aio.Channel) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)

    watching = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE_NAME))

    assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watching.cancel()


async def test_those_who_watch_health_keep_nobody_from_asking_for_it(channel: grpc.aio.Channel) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    watching = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(_WATCHES)]
    for watch in watching:
        await watch.read()

    error = await failure(health.Watch(health_pb2.HealthCheckRequest()).read())
    answer = await health.Check(health_pb2.HealthCheckRequest())

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    for watch in watching:
        watch.cancel()
