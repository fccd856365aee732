"""The methods of the service that are about councils."""

from dataclasses import dataclass

from orchestrator.adapters.grpc import council_wire
from orchestrator.adapters.grpc.errors import reports_errors
from orchestrator.adapters.grpc.interception import Context
from orchestrator.application.councils import CreateCouncil, DeleteCouncil, ListCouncils
from orchestrator.application.membership import RegisterAgent, UnregisterAgent
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@dataclass(frozen=True)
class CouncilUseCases:
    """What the methods call."""

    create: CreateCouncil
    list: ListCouncils
    delete: DeleteCouncil
    register: RegisterAgent
    unregister: UnregisterAgent


class CouncilMethods(pb_grpc.OrchestratorServiceServicer):
    """CreateCouncil, ListCouncils, DeleteCouncil, RegisterAgent and UnregisterAgent."""

    _councils: CouncilUseCases

    @reports_errors
    async def CreateCouncil(self, request: pb.CreateCouncilRequest, context: Context) -> pb.CreateCouncilResponse:
        return council_wire.create_response(await self._councils.create(council_wire.new_council(request)))

    @reports_errors
    async def ListCouncils(self, request: pb.ListCouncilsRequest, context: Context) -> pb.ListCouncilsResponse:
        views = await self._councils.list(request.role_filter)
        return pb.ListCouncilsResponse(
            councils=[council_wire.council_info(view, with_agents=request.include_agents) for view in views]
        )

    @reports_errors
    async def DeleteCouncil(self, request: pb.DeleteCouncilRequest, context: Context) -> pb.DeleteCouncilResponse:
        council = await self._councils.delete(request.role)
        return pb.DeleteCouncilResponse(
            success=True, message=f"{council.council_id} is deleted", agents_removed=len(council.members)
        )

    @reports_errors
    async def RegisterAgent(self, request: pb.RegisterAgentRequest, context: Context) -> pb.RegisterAgentResponse:
        council = await self._councils.register(council_wire.new_agent(request))
        return pb.RegisterAgentResponse(
            success=True, message=f"{request.agent_id} is in {council.council_id}", council_id=council.council_id
        )

    @reports_errors
    async def UnregisterAgent(self, request: pb.UnregisterAgentRequest, context: Context) -> pb.UnregisterAgentResponse:
        obstacle = await self._councils.unregister(request.agent_id, request.role)
        return pb.UnregisterAgentResponse(success=not obstacle, message=obstacle or f"{request.agent_id} is out")
