"""What answers for an agent, by its type."""

from orchestrator.application.ports import ChatModel, Completion
from orchestrator.domain.council import AgentType
from orchestrator.domain.steps import StepRequest


class ModelByAgentType:
    """ChatModel that asks `mock` for the agents of type MOCK, and `server` for all others."""

    def __init__(self, server: ChatModel, mock: ChatModel) -> None:
        self._server = server
        self._mock = mock

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        model = self._mock if request.agent_type is AgentType.MOCK else self._server
        return await model.complete(request, seed, schema, timeout_s)
