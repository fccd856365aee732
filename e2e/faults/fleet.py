"""Deliberations in flight: begun together, followed whatever happens to those who answer for them."""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from e2e.faults.model import Model
from e2e.suite.evidence import new_task_id, steps_of
from e2e.suite.observe import Store
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

T = TypeVar("T")

SIZE = 40
AGENTS = 2
ROUNDS = 1
STEPS = steps_of(AGENTS, ROUNDS)
# Long enough for every fault here to be got over: a deliberation that needs more hangs.
DEADLINE_SECONDS = 60
# What is seen from outside lags behind the service's own clock.
GRACE_SECONDS = 5
_POLL_SECONDS = 0.1
_SERVING = health_pb2.HealthCheckResponse.SERVING
_RUNNING = (pb.DELIBERATION_STATUS_PENDING, pb.DELIBERATION_STATUS_IN_PROGRESS)
# Without these a client that lost its connection waits a second and more before it tries again.
CHANNEL_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500))


@dataclass(frozen=True)
class Outcome:
    """How a deliberation ended. `seconds` is from the fleet's start until it was seen to be over."""

    task_id: str
    status: str
    reason: str
    warnings: tuple[str, ...]
    results: int
    seconds: float


class Fleet:
    """SIZE deliberations of AGENTS agents and ROUNDS rounds, each with `deadline_s` seconds."""

    def __init__(
        self,
        orchestrator: pb_grpc.OrchestratorServiceStub,
        model: Model,
        store: Store,
        deadline_s: int = DEADLINE_SECONDS,
    ) -> None:
        self._orchestrator, self._model, self._store = orchestrator, model, store
        self._deadline_s = deadline_s
        self.task_ids = [new_task_id() for _ in range(SIZE)]
        self.began = time.monotonic()

    def launch(self) -> None:
        """Begins them; returns when all are in flight, and the model is being asked.

        The model is held meanwhile, so that none is over before the last was accepted.
        """
        self._model.behave(hold=True)
        requests = [request(task_id, deadline_s=self._deadline_s) for task_id in self.task_ids]
        calls = [self._orchestrator.Deliberate.future(wanted, timeout=20) for wanted in requests]
        for call in calls:
            call.result()
        _until(lambda: self._model.counts().active > 0, "the model is not asked")
        assert self.open() == set(self.task_ids), "all are in flight"
        self._model.behave(hold=False)

    def open(self) -> set[str]:
        """Those that are not over."""
        return self._store.open_task_ids() & set(self.task_ids)

    def land(self) -> list[Outcome]:
        """Follows them until all are over, or hang: then they fail the test."""
        return [self._outcome(task_id) for task_id in self.task_ids]

    def _outcome(self, task_id: str) -> Outcome:
        question = pb.GetDeliberationResultRequest(task_id=task_id)
        give_up = self.began + self._deadline_s + GRACE_SECONDS
        while True:
            answer = patiently(lambda: self._orchestrator.GetDeliberationResult(question, timeout=5), give_up)
            if answer.status not in _RUNNING:
                break
            assert time.monotonic() < give_up, f"{task_id} hangs past its deadline"
            time.sleep(_POLL_SECONDS)
        return Outcome(
            task_id=task_id,
            status=pb.DeliberationStatus.Name(answer.status).removeprefix("DELIBERATION_STATUS_"),
            reason=answer.error_message,
            warnings=tuple(answer.warnings),
            results=len(answer.results),
            seconds=time.monotonic() - self.began,
        )


def until_serving(address: str) -> None:
    """Returns when the orchestrator there says that it and all it needs are there."""
    give_up = time.monotonic() + DEADLINE_SECONDS
    question = health_pb2.HealthCheckRequest(service="orchestrator.v1.OrchestratorService")
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        while (status := patiently(lambda: health.Check(question, timeout=5).status, give_up)) != _SERVING:
            assert time.monotonic() < give_up, f"{address} says {status}"
            time.sleep(_POLL_SECONDS)


def patiently(call: Callable[[], T], give_up: float) -> T:
    """The answer of a call that is made again while nobody serves, until `give_up` on the monotonic clock."""
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if not _nobody_serves(error) or time.monotonic() >= give_up:
                raise
        time.sleep(_POLL_SECONDS)


def _nobody_serves(error: grpc.RpcError) -> bool:
    lost = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    return isinstance(error, grpc.Call) and error.code() in lost


def reasons(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Why those that did not complete did not; agents and numbers are alike in it."""
    return Counter(_alike(outcome.reason) for outcome in outcomes if outcome.status != "COMPLETED")


def _alike(reason: str) -> str:
    parts = re.sub(r"\d+", "n", reason).split("; ")
    return "; ".join(dict.fromkeys(part.removeprefix("no agent brought a proposal: ") for part in sorted(parts)))


def request(task_id: str, *, wait: bool = False, deadline_s: int = DEADLINE_SECONDS) -> pb.DeliberateRequest:
    """The request of each deliberation in a fleet."""
    return pb.DeliberateRequest(
        task_description=f"Say what {task_id} should do about its losses.",
        role="DEV",
        rounds=ROUNDS,
        num_agents=AGENTS,
        task_id=task_id,
        mode=pb.WAIT if wait else pb.ASYNC,
        constraints=pb.TaskConstraints(timeout_seconds=deadline_s),
    )


def _until(true: Callable[[], bool], otherwise: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{otherwise} within {seconds:.0f} s"
        time.sleep(0.02)
