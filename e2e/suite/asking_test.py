"""What is asked side by side, and whom an error is told to."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from e2e.suite.asking import ask, evidence_of
from e2e.suite.evidence import Evidence, Stack
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@dataclass
class Orchestrator:
    """Deliberations that complete, but for tasks that tell how they fail; `asked` has the calls that are begun."""

    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.Deliberate = self.Orchestrate = SimpleNamespace(future=self._future)

    def _future(self, request: pb.DeliberateRequest, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        self.asked.append(request.task_description)
        return SimpleNamespace(result=lambda: self._result(request))

    def _result(self, request: pb.DeliberateRequest) -> pb.DeliberateResponse:
        if request.task_description == "refused":
            raise grpc.RpcError("refused")
        failed = request.task_description == "failed"
        status = pb.DELIBERATION_STATUS_FAILED if failed else pb.DELIBERATION_STATUS_COMPLETED
        return pb.DeliberateResponse(task_id=request.task_id, status=status)


class ModelServer:
    """A counter that says how many requests it has finished."""

    def __init__(self, finished: int) -> None:
        self._finished = finished

    def finished_requests(self) -> int:
        return 0

    def finished_requests_at_least(self, expected: int) -> int:
        return max(self._finished, expected)


class Everything:
    """Redis and JetStream with a deliberation of two steps, one of which was asked twice."""

    def deliberation(self, task_id: str) -> dict[str, Any]:
        return {"steps_answered": 2}

    def steps(self, task_id: str) -> dict[str, Any]:
        return {f"{task_id}/{number}": {"attempts": number} for number in (1, 2)}

    def read(self, subject: str, **_: Any) -> list[Any]:
        return []


def stack(finished: int) -> Stack:
    return cast(Stack, SimpleNamespace(model_server=ModelServer(finished), store=Everything(), journal=Everything()))


def asked(orchestrator: Orchestrator, *tasks: str, of: Stack | None = None) -> list[Any]:
    requests = [pb.DeliberateRequest(task_description=task) for task in tasks]
    return list(ask(cast(pb_grpc.OrchestratorServiceStub, orchestrator), of, requests))


def test_all_are_asked_before_the_first_is_waited_for() -> None:
    orchestrator = Orchestrator()

    outcomes = asked(orchestrator, "first", "refused", "third")

    assert orchestrator.asked == ["first", "refused", "third"]
    assert len({outcome.task_id for outcome in outcomes if isinstance(outcome, Evidence)}) == 2


def test_an_error_is_told_to_who_asked_alone() -> None:
    good, refused, failed = asked(Orchestrator(), "good", "refused", "failed", of=stack(finished=99))

    assert evidence_of([good]) == [good]
    with pytest.raises(grpc.RpcError, match="refused"):
        evidence_of([good, refused])
    with pytest.raises(AssertionError):
        evidence_of([failed])


def test_a_model_that_was_asked_more_than_the_steps_tell_is_found_out() -> None:
    assert len(asked(Orchestrator(), "one", "two", of=stack(finished=6))) == 2
    with pytest.raises(AssertionError, match="finished what the steps asked"):
        asked(Orchestrator(), "one", "two", of=stack(finished=7))
