"""The whole service as a process under --dev: it serves, says so, and stops."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

_SERVICE = "orchestrator.v1.OrchestratorService"


def _start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def address() -> str:
    return _free_address()


@pytest.fixture
def metrics_address() -> str:
    return _free_address()


@pytest.fixture
def dev(address: str, metrics_address: str) -> Iterator["subprocess.Popen[str]"]:
    process = _start("--dev", ORCHESTRATOR_LISTEN=address, ORCHESTRATOR_METRICS_LISTEN=metrics_address)
    yield process
    process.kill()
    process.communicate()


def test_it_deliberates_with_nothing_else_there_and_stops_when_told(
    dev: "subprocess.Popen[str]", address: str, metrics_address: str
) -> None:
    with grpc.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        health.Check(health_pb2.HealthCheckRequest(service=_SERVICE), wait_for_ready=True, timeout=30)
        request = pb.DeliberateRequest(task_description="Add two numbers.", role="DEV", rounds=2)
        answer = pb_grpc.OrchestratorServiceStub(channel).Deliberate(request, timeout=30)
        with urlopen(f"http://{metrics_address}/metrics", timeout=10) as fetched:
            metrics = fetched.read().decode()
        dev.send_signal(signal.SIGTERM)

    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
    assert [len(result.proposal.revisions) for result in answer.results] == [2, 2, 2]
    assert 'grpc_server_handled_total{grpc_code="OK",grpc_method="Deliberate"' in metrics
    assert 'orchestrator_deliberations_ended_total{role="DEV",status="completed"} 1.0' in metrics
    assert dev.wait(timeout=15) == 0


def test_it_serves_tls_to_those_who_have_a_token(address: str, tmp_path: Path) -> None:
    ca = trustme.CA()
    certificate = ca.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "certificate"))
    (tmp_path / "token").write_text("secret\n")
    process = _start(
        "--dev",
        ORCHESTRATOR_LISTEN=address,
        ORCHESTRATOR_TOKEN_FILE=str(tmp_path / "token"),
        ORCHESTRATOR_TLS_CERT_FILE=str(tmp_path / "certificate"),
        ORCHESTRATOR_TLS_KEY_FILE=str(tmp_path / "key"),
    )
    port = address.rpartition(":")[2]
    trusted = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
    try:
        with grpc.secure_channel(f"localhost:{port}", trusted) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            health.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=30)
            stub: Any = pb_grpc.OrchestratorServiceStub(channel)
            with pytest.raises(grpc.RpcError) as raised:
                stub.ListCouncils(pb.ListCouncilsRequest(), timeout=30)
            known = [("authorization", "Bearer secret")]
            councils = stub.ListCouncils(pb.ListCouncilsRequest(), metadata=known, timeout=30).councils
    finally:
        process.kill()
        output, errors = process.communicate()

    error: Any = raised.value
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert councils
    assert "secret" not in output + errors


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        pytest.param((), {}, id="no model"),
        pytest.param(("--dev",), {"AGENT_ACTORS": "none"}, id="not a number"),
        pytest.param(("--dev",), {"ORCHESTRATOR_LISTEN": "0.0.0.0:1"}, id="beyond loopback without protection"),
        pytest.param(("--dev",), {"ORCHESTRATOR_METRICS_LISTEN": "203.0.113.1:1"}, id="no place for metrics"),
        pytest.param(("--dev",), {"ORCHESTRATOR_TRACES": "file:/proc/nowhere"}, id="no place for traces"),
        pytest.param(("--dev",), {"ORCHESTRATOR_TOKEN_FILE": "/nowhere/token"}, id="no token in its file"),
        pytest.param(
            ("--dev",),
            {"ORCHESTRATOR_LISTEN": "203.0.113.1:1", "ORCHESTRATOR_INSECURE": "1"},
            id="not an address of this machine",
        ),
        pytest.param(
            ("--dev",),
            {"ORCHESTRATOR_TLS_CERT_FILE": "/nowhere/cert", "ORCHESTRATOR_TLS_KEY_FILE": "/nowhere/key"},
            id="no certificate in its file",
        ),
    ],
)
def test_what_keeps_it_from_starting_is_said_in_one_line(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    process = _start(*arguments, **environment)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    lines = [line for line in errors.splitlines() if line.startswith("orchestrator: ")]
    assert len(lines) == 1


def test_help_teaches_the_settings() -> None:
    process = _start("--help")
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert all(name in output for name in ("--dev", "NATS_URL", "MODEL", "AGENT_ACTORS"))
