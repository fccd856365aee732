"""The stack itself: everything is real, there, and cut off from the world."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from e2e.suite.evidence import Stack

SERVICE = "orchestrator.v1.OrchestratorService"


def test_ray_has_a_head_and_a_worker(stack: Stack) -> None:
    """Two nodes are alive, and one of them is the head."""
    alive = [node for node in stack.ray.nodes() if node.alive]

    assert sorted(node.is_head for node in alive) == [False, True]


def test_vllm_serves_the_model(stack: Stack) -> None:
    """/v1/models lists the model that the orchestrator asks for."""
    assert stack.model_server.models() == [stack.model]


def test_jetstream_has_the_streams(stack: Stack) -> None:
    """JetStream is on, and the orchestrator's streams are in it; no step is left over from another run."""
    streams = stack.journal.streams()

    assert {"AGENT_STEPS", "AGENT_RESULTS", "ORCHESTRATION", "CONTEXT", "PLANNING", "TASKS"} <= streams.keys()
    assert streams["AGENT_STEPS"] == 0


def test_orchestrator_is_healthy_and_describes_itself(address: str) -> None:
    """grpc.health.v1 says SERVING for the service, and reflection lists it."""
    with grpc.insecure_channel(address) as channel:
        # Their stubs on PyPI don't tell the methods.
        health_stub: Any = health_pb2_grpc.HealthStub(channel)
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        health = health_stub.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=10)
        question = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection.ServerReflectionInfo(iter([question]), timeout=10))

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert SERVICE in {service.name for service in answer.list_services_response.service}


@pytest.mark.usefixtures("stack")
def test_network_has_no_way_out() -> None:
    """No default route, of IPv4 or IPv6, leads out of the stack's network."""
    ipv4 = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    assert ipv4, "the network of the stack itself has a route"
    assert not [route for route in ipv4 if route[1] == "00000000"]
    ipv6 = [line.split() for line in Path("/proc/net/ipv6_route").read_text().splitlines()]
    assert not [route for route in ipv6 if route[1] == "00" and route[9] != "lo"]
