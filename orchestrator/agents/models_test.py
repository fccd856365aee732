"""What answers for an agent."""

from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.model import InMemoryModel
from orchestrator.agents.models import ModelByAgentType
from orchestrator.domain.council import AgentType
from orchestrator.testing.builders import make_step_request


@pytest.mark.parametrize(
    ("agent_type", "asked"), [(AgentType.MOCK, "mock"), (AgentType.VLLM, "server"), (AgentType.RAY_VLLM, "server")]
)
async def test_only_a_mock_is_answered_without_the_model_server(agent_type: AgentType, asked: str) -> None:
    models = {"mock": InMemoryModel(), "server": InMemoryModel()}
    request = replace(make_step_request(), agent_type=agent_type)

    await ModelByAgentType(models["server"], models["mock"]).complete(request, 1, None, 5)

    assert [name for name, model in models.items() if model.requests] == [asked]
