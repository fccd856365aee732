"""What becomes of a defect: the caller gets an id, and the log what the id is of."""

from typing import Any

import grpc
import pytest

from orchestrator.adapters.grpc import errors
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import OrchestratorError
from orchestrator.testing.calls import failure
from orchestrator.testing.stage import Stage
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def _subclasses(kind: type[OrchestratorError]) -> set[type[OrchestratorError]]:
    return {kind}.union(*map(_subclasses, kind.__subclasses__()))


@pytest.mark.parametrize("stream", [False, True], ids=["one answer", "a stream"])
async def test_a_defect_is_internal_and_tells_the_caller_nothing_but_an_id(
    stub: Any, stage: Stage, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    async def load(task_id: str) -> Deliberation | None:
        raise RuntimeError("the password is 1234")

    stage.store.load = load  # type: ignore[method-assign]

    if stream:
        request = pb.DeliberateRequest(task_id="t", task_description="Add.", role="DEV")
        error = await failure(stub.StreamDeliberation(request).read())
    else:
        error = await failure(stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="t")))

    assert error.code() is grpc.StatusCode.INTERNAL
    details = error.details() or ""
    assert "1234" not in details
    (record,) = [record for record in caplog.records if record.name == errors.__name__]
    assert vars(record)["error_id"] in details
    assert "1234" in str(record.exc_info)


def test_every_error_of_the_domain_has_a_code() -> None:
    assert _subclasses(OrchestratorError) - {OrchestratorError} <= errors._CODES.keys()
    assert grpc.StatusCode.INTERNAL not in errors._CODES.values()
    assert grpc.StatusCode.UNKNOWN not in errors._CODES.values()


def test_callers_that_are_refused_together_are_told_to_come_again_apart() -> None:
    delays = [errors.retry_info(1000).retry_delay.ToMilliseconds() for _ in range(200)]

    assert all(500 <= delay <= 1500 for delay in delays)
    assert len(set(delays)) > 50
