"""The service of the contract: its methods by what they are about, over the use cases."""

from typing import Any, NoReturn

import grpc

from orchestrator.adapters.grpc.council_methods import CouncilMethods, CouncilUseCases
from orchestrator.adapters.grpc.deliberation_methods import DeliberationMethods, DeliberationUseCases
from orchestrator.adapters.grpc.observation_methods import ObservationMethods, ObservationUseCases
from orchestrator.adapters.grpc.planning_methods import PlanningMethods, PlanningUseCases
from protos.orchestrator.v1 import orchestrator_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]


class OrchestratorService(DeliberationMethods, CouncilMethods, PlanningMethods, ObservationMethods):
    """Every method of the contract. Some still answer UNIMPLEMENTED."""

    def __init__(
        self,
        deliberations: DeliberationUseCases,
        councils: CouncilUseCases,
        planning: PlanningUseCases,
        observation: ObservationUseCases,
    ) -> None:
        self._deliberations = deliberations
        self._councils = councils
        self._planning = planning
        self._observation = observation

    async def GetTaskContext(self, request: pb.GetTaskContextRequest, context: Context) -> NoReturn:
        await _unimplemented(context, "GetTaskContext", "Orchestrate gives agents their case's context")


async def _unimplemented(context: Context, method: str, hint: str) -> NoReturn:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED, f"{method} is not implemented in this version of the service; {hint}"
    )
