"""The service of the contract, over the use cases."""

from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc

from orchestrator.adapters.grpc import from_wire, to_wire
from orchestrator.adapters.grpc.council_methods import CouncilMethods, CouncilUseCases
from orchestrator.adapters.grpc.errors import reports_errors
from orchestrator.application.deliberate import AwaitResult, StartDeliberation
from orchestrator.application.ports import Clock
from orchestrator.application.results import GetDeliberationResult, require_completed, require_in_time
from protos.orchestrator.v1 import orchestrator_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]


class OrchestratorService(CouncilMethods):
    """Every method of the contract. Some still answer UNIMPLEMENTED."""

    def __init__(
        self,
        start: StartDeliberation,
        await_result: AwaitResult,
        get_result: GetDeliberationResult,
        councils: CouncilUseCases,
        clock: Clock,
    ) -> None:
        self._start = start
        self._await_result = await_result
        self._get_result = get_result
        self._councils = councils
        self._clock = clock

    @reports_errors
    async def Deliberate(self, request: pb.DeliberateRequest, context: Context) -> pb.DeliberateResponse:
        deliberation = await self._start(from_wire.deliberation(request), request.task_id)
        if request.mode == pb.WAIT:
            deliberation = await self._await_result(deliberation.task_id)
            require_in_time(deliberation)
        return to_wire.deliberate_response(deliberation, self._clock.now_ms())

    @reports_errors
    async def GetDeliberationResult(
        self, request: pb.GetDeliberationResultRequest, context: Context
    ) -> pb.GetDeliberationResultResponse:
        return to_wire.result_response(await self._get_result(request.task_id), self._clock.now_ms())

    @reports_errors
    async def Orchestrate(self, request: pb.OrchestrateRequest, context: Context) -> pb.OrchestrateResponse:
        started = await self._start(
            from_wire.orchestration(request), request.task_id, from_wire.orchestration_form(request)
        )
        deliberation = await self._await_result(started.task_id)
        require_completed(deliberation)
        return to_wire.orchestrate_response(deliberation, self._clock.now_ms())

    async def StreamDeliberation(
        self, request: pb.DeliberateRequest, context: Context
    ) -> AsyncIterator[pb.DeliberationUpdate]:
        await _unimplemented(context, "StreamDeliberation", "call Deliberate in mode ASYNC and ask for the result")
        yield pb.DeliberationUpdate()  # Never reached; a method that yields is what a stream has to be.

    async def ProcessPlanningEvent(self, request: pb.PlanningEventRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "ProcessPlanningEvent", "plans are not taken in")

    async def DeriveSubtasks(self, request: pb.DeriveSubtasksRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "DeriveSubtasks", "plans are not split")

    async def GetTaskContext(self, request: pb.GetTaskContextRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "GetTaskContext", "Orchestrate gives agents their case's context")

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "GetStatus", "ask grpc.health.v1.Health")

    async def GetMetrics(self, request: pb.GetMetricsRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "GetMetrics", "nothing is measured")

    async def CancelDeliberation(self, request: pb.CancelDeliberationRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "CancelDeliberation", "constraints.timeout_seconds bounds a deliberation")


async def _unimplemented(context: Context, method: str, hint: str) -> NoReturn:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED, f"{method} is not implemented in this version of the service; {hint}"
    )
