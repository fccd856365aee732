"""The service under --dev, for a suite that runs without a stack."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_START_SECONDS = 30


@contextmanager
def running() -> Iterator[str]:
    """Runs it for the duration of the block, with everything in memory; yields its address once it serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "--dev"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ORCHESTRATOR_LISTEN": address},
    )
    try:
        with grpc.insecure_channel(address) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            health.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=_START_SECONDS)
        yield address
    finally:
        process.terminate()
        process.wait()
