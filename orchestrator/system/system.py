"""NATS, Redis, a model server, Ray's API and orchestrators, each a process or a thread of the test."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from orchestrator.system.local_ray import LocalRay
from orchestrator.system.local_ray import serving as serving_ray
from orchestrator.testing.openai_server import Behaviour
from orchestrator.testing.openai_server import serving as serving_model
from orchestrator.testing.servers import Server, nats_server, redis_server, running

_LOOK_S = 0.2
_SERVICE = "orchestrator.v1.OrchestratorService"


class Orchestrator:
    """One instance, as a process."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._log = log
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator"],
                env={**environment, "ORCHESTRATOR_LISTEN": self.address},
                stderr=output,
                stdout=output,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kills it, as a crash would."""
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        """Waits until it has ended; returns its exit status."""
        return self._process.wait(30)

    async def ready(self, channel: grpc.aio.Channel) -> None:
        """Returns when it says that it is. Raises OSError where it ends before."""
        watching = asyncio.create_task(self._watch(channel))
        while not watching.done():
            await asyncio.wait((watching,), timeout=_LOOK_S)
            if not self.running:
                watching.cancel()
                raise OSError(f"the orchestrator ended with {self._process.returncode}; see {self._log}")
        await watching

    async def _watch(self, channel: grpc.aio.Channel) -> None:
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        async for answer in watch(health_pb2.HealthCheckRequest(service=_SERVICE), wait_for_ready=True, timeout=60):
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return


class System:
    """Everything that orchestrators need, and those that were started."""

    def __init__(
        self, folder: Path, nats: Server, redis: Server, model: Behaviour, model_url: str, ray_url: str
    ) -> None:
        self.nats = nats
        self.redis = redis
        self.model = model
        self._log = folder / "orchestrators.log"
        self._environment = {
            "MODEL": model.model,
            "NATS_URL": f"nats://127.0.0.1:{nats.port}",
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "VLLM_URL": model_url,
            "RAY_JOBS_URL": ray_url,
            "AGENT_ENTRYPOINT": f"{sys.executable} -m orchestrator.system.agents",
            "AGENT_ACK_WAIT_SECONDS": "2",
            "AGENT_STEP_SECONDS": "3",
            "ORCHESTRATOR_LEASE_SECONDS": "1",
            "ORCHESTRATOR_DRAIN_SECONDS": "0.2",
        }
        self.orchestrators: list[Orchestrator] = []

    @property
    def nats_url(self) -> str:
        """Where NATS is."""
        return self._environment["NATS_URL"]

    @property
    def redis_url(self) -> str:
        """Where Redis is."""
        return self._environment["REDIS_URL"]

    def replenish(self, count: int, **settings: str) -> Sequence[Orchestrator]:
        """Starts orchestrators, with these settings too, until so many run, and returns all that do."""
        self.orchestrators = [orchestrator for orchestrator in self.orchestrators if orchestrator.running]
        while len(self.orchestrators) < count:
            self.orchestrators.append(Orchestrator(self._environment | settings, self._log))
        return self.orchestrators


@contextmanager
def system(folder: Path, ray: LocalRay) -> Iterator[System]:
    """A system without orchestrators as yet, for the duration of the block."""
    (folder / "nats").mkdir()
    (folder / "redis").mkdir()
    model = Behaviour("tiny")
    with ExitStack() as stack:
        nats = stack.enter_context(running(nats_server(folder / "nats")))
        redis = stack.enter_context(
            running(redis_server(folder / "redis", "--appendonly", "yes", "--appendfsync", "always"))
        )
        model_url = stack.enter_context(serving_model(model))
        ray_url = stack.enter_context(serving_ray(ray))
        whole = System(folder, nats, redis, model, model_url, ray_url)
        try:
            yield whole
        finally:
            for orchestrator in whole.orchestrators:
                orchestrator.kill()
