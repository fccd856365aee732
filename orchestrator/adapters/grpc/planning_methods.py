"""The methods of the service that are about plans and their tasks."""

from dataclasses import dataclass

from orchestrator.adapters.grpc import planning_wire
from orchestrator.adapters.grpc.errors import reports_errors
from orchestrator.adapters.grpc.interception import Context
from orchestrator.application.planning import DeriveSubtasks, Processed, ProcessPlanningEvent
from orchestrator.application.task_context import GetTaskContext
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@dataclass(frozen=True)
class PlanningUseCases:
    """What the methods call."""

    process: ProcessPlanningEvent
    derive: DeriveSubtasks
    task_context: GetTaskContext


class PlanningMethods(pb_grpc.OrchestratorServiceServicer):
    """ProcessPlanningEvent, DeriveSubtasks and GetTaskContext."""

    _planning: PlanningUseCases

    @reports_errors
    async def ProcessPlanningEvent(
        self, request: pb.PlanningEventRequest, context: Context
    ) -> pb.PlanningEventResponse:
        processed = await self._planning.process(planning_wire.planning_event(request))
        return pb.PlanningEventResponse(
            processed=True, message=_message(processed), derived_task_ids=processed.derived_task_ids
        )

    @reports_errors
    async def DeriveSubtasks(self, request: pb.DeriveSubtasksRequest, context: Context) -> pb.DeriveSubtasksResponse:
        return planning_wire.derive_response(await self._planning.derive(planning_wire.derivation_request(request)))

    @reports_errors
    async def GetTaskContext(self, request: pb.GetTaskContextRequest, context: Context) -> pb.GetTaskContextResponse:
        found = await self._planning.task_context(planning_wire.task_context_request(request))
        return planning_wire.task_context_response(found)


def _message(processed: Processed) -> str:
    taken_in = "the event had been taken in before" if processed.known else "the event is taken in"
    derived = len(processed.derived_task_ids)
    return f"{taken_in}; the plan has {derived} tasks" if derived else taken_in
