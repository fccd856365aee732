"""The methods of the service that are about deliberations."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from orchestrator.adapters.grpc import from_wire, to_wire
from orchestrator.adapters.grpc.errors import reports_errors, reports_errors_of_stream
from orchestrator.adapters.grpc.interception import Context
from orchestrator.application.cancel import CancelDeliberation
from orchestrator.application.deliberate import AwaitResult, StartDeliberation
from orchestrator.application.follow import FollowDeliberation
from orchestrator.application.ports import Clock
from orchestrator.application.results import GetDeliberationResult, require_completed, require_in_time
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@dataclass(frozen=True)
class DeliberationUseCases:
    """What the methods call."""

    start: StartDeliberation
    await_result: AwaitResult
    get_result: GetDeliberationResult
    cancel: CancelDeliberation
    follow: FollowDeliberation
    clock: Clock


class DeliberationMethods(pb_grpc.OrchestratorServiceServicer):
    """Deliberate, StreamDeliberation, GetDeliberationResult, CancelDeliberation and Orchestrate."""

    _deliberations: DeliberationUseCases

    @reports_errors
    async def Deliberate(self, request: pb.DeliberateRequest, context: Context) -> pb.DeliberateResponse:
        use = self._deliberations
        deliberation = await use.start(from_wire.deliberation(request), request.task_id)
        if request.mode == pb.WAIT:
            deliberation = await use.await_result(deliberation.task_id)
            require_in_time(deliberation)
        return to_wire.deliberate_response(deliberation, use.clock.now_ms())

    @reports_errors_of_stream
    async def StreamDeliberation(
        self, request: pb.DeliberateRequest, context: Context
    ) -> AsyncGenerator[pb.DeliberationUpdate, None]:
        use = self._deliberations
        started = await use.start(from_wire.deliberation(request), request.task_id)
        async with aclosing(use.follow(started.task_id)) as updates:
            async for update in updates:
                yield to_wire.update(started, update)

    @reports_errors
    async def GetDeliberationResult(
        self, request: pb.GetDeliberationResultRequest, context: Context
    ) -> pb.GetDeliberationResultResponse:
        use = self._deliberations
        return to_wire.result_response(await use.get_result(request.task_id), use.clock.now_ms())

    @reports_errors
    async def CancelDeliberation(
        self, request: pb.CancelDeliberationRequest, context: Context
    ) -> pb.CancelDeliberationResponse:
        cancelled, deliberation = await self._deliberations.cancel(request.task_id, request.reason)
        return pb.CancelDeliberationResponse(cancelled=cancelled, status=to_wire.status(deliberation))

    @reports_errors
    async def Orchestrate(self, request: pb.OrchestrateRequest, context: Context) -> pb.OrchestrateResponse:
        use = self._deliberations
        started = await use.start(
            from_wire.orchestration(request), request.task_id, from_wire.orchestration_form(request)
        )
        deliberation = await use.await_result(started.task_id)
        require_completed(deliberation)
        return to_wire.orchestrate_response(deliberation, use.clock.now_ms())
