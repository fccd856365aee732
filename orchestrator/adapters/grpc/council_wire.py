"""Councils and their agents between the contract and the domain."""

from orchestrator.application.councils import CouncilView
from orchestrator.domain.council import Capabilities, Council, Member
from orchestrator.domain.council_request import NewAgent, NewCouncil
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def new_council(message: pb.CreateCouncilRequest) -> NewCouncil:
    """What CreateCouncil asks for."""
    config = message.config
    return NewCouncil(
        role=message.role,
        num_agents=message.num_agents,
        rounds=config.deliberation_rounds,
        # As in Orchestrate: who gives no configuration gets the whole deliberation; who gives one means what it says.
        peer_review=config.enable_peer_review if message.HasField("config") else True,
        model=config.model_profile,
        agent_type=config.agent_type,
        parameters=dict(config.custom_params),
    )


def new_agent(message: pb.RegisterAgentRequest) -> NewAgent:
    """What RegisterAgent asks for."""
    capabilities = message.capabilities
    return NewAgent(
        agent_id=message.agent_id,
        role=message.role,
        capabilities=Capabilities(
            supported_tasks=tuple(capabilities.supported_tasks),
            model_profile=capabilities.model_profile,
            max_concurrent_tasks=capabilities.max_concurrent_tasks,
            languages=tuple(capabilities.languages),
        ),
        endpoint=message.endpoint,
        labels=dict(message.metadata),
    )


def create_response(council: Council) -> pb.CreateCouncilResponse:
    """The answer of CreateCouncil."""
    return pb.CreateCouncilResponse(
        council_id=council.council_id,
        agents_created=len(council.members),
        agent_ids=[member.agent.agent_id for member in council.members],
    )


def council_info(view: CouncilView, *, with_agents: bool) -> pb.CouncilInfo:
    """A council as ListCouncils tells it."""
    council = view.council
    return pb.CouncilInfo(
        council_id=council.council_id,
        role=council.role,
        num_agents=len(council.members),
        agents=[_agent_info(member, view, status) for member, status in view.agents] if with_agents else (),
        status=view.status,
        model=view.model,
    )


def _agent_info(member: Member, view: CouncilView, status: str) -> pb.AgentInfo:
    agent, capabilities = member.agent, member.capabilities
    return pb.AgentInfo(
        agent_id=agent.agent_id,
        role=agent.role,
        status=status,
        capabilities=pb.AgentCapabilities(
            supported_tasks=capabilities.supported_tasks,
            model_profile=agent.model or view.model,
            max_concurrent_tasks=capabilities.max_concurrent_tasks,
            languages=capabilities.languages,
        ),
    )
