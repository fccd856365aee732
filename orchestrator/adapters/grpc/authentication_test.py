"""Tokens: who has one may call."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from orchestrator.adapters.grpc.authentication import UnusableToken, read_tokens
from orchestrator.adapters.grpc.server import ServerPolicy
from orchestrator.testing.calls import failure
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_ASK = pb.GetDeliberationResultRequest(task_id="none")


@pytest.fixture
def policy() -> ServerPolicy:
    return ServerPolicy(tokens=("the-old-one", "the-new-one"))


@pytest.mark.parametrize("value", ["Bearer the-old-one", "Bearer the-new-one", "bearer  the-new-one"])
async def test_who_has_a_token_is_served(stub: Any, value: str) -> None:
    error = await failure(stub.GetDeliberationResult(_ASK, metadata=[("authorization", value)]))

    assert error.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param([], id="none"),
        pytest.param([("authorization", "Bearer the-old-on")], id="cut off"),
        pytest.param([("authorization", "Bearer the-old-one2")], id="longer"),
        pytest.param([("authorization", "Bearer ")], id="empty"),
        pytest.param([("authorization", "the-old-one")], id="without scheme"),
        pytest.param([("authorization", "Basic the-old-one")], id="another scheme"),
        pytest.param([("x-token", "Bearer the-old-one")], id="elsewhere"),
        pytest.param([("authorization", "Bearer no"), ("authorization", "Bearer the-old-one")], id="guesses"),
    ],
)
async def test_who_has_none_is_not(stub: Any, metadata: list[tuple[str, str]]) -> None:
    error = await failure(stub.GetDeliberationResult(_ASK, metadata=metadata))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_streams_are_protected_too(stub: Any) -> None:
    error = await failure(stub.StreamDeliberation(pb.DeliberateRequest()).read())

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_health_is_open_and_reflection_is_not(channel: Any) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    question = reflection_pb2.ServerReflectionRequest(list_services="")

    assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
    error = await failure(reflection.ServerReflectionInfo(iter([question])).read())
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    known = reflection.ServerReflectionInfo(iter([question]), metadata=[("authorization", "Bearer the-new-one")])
    assert (await known.read()).list_services_response.service


def test_tokens_are_read_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("one\n\n  two \r\n")

    assert read_tokens(path) == ("one", "two")


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff", None])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tokens"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UnusableToken, match="tokens"):
        read_tokens(path)
