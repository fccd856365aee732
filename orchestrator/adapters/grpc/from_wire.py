"""Requests of the contract as the domain has them."""

from orchestrator.domain.context import ContextSelection
from orchestrator.domain.errors import FieldViolation
from orchestrator.domain.request import Constraints, DeliberationRequest, MessageForm
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_AGENTS = "options.custom_params['num_agents']"


def deliberation(message: pb.DeliberateRequest) -> DeliberationRequest:
    """What Deliberate asks for."""
    return DeliberationRequest(
        kind="deliberate",
        task_description=message.task_description,
        role=message.role,
        constraints=_constraints(message.constraints),
        rounds=message.rounds,
        num_agents=message.num_agents,
    )


def orchestration(message: pb.OrchestrateRequest) -> DeliberationRequest:
    """What Orchestrate asks for; `orchestration_form` has what of it could not be read."""
    options = message.options
    return DeliberationRequest(
        kind="orchestrate",
        task_description=message.task_description,
        role=message.role,
        constraints=_constraints(message.constraints),
        rounds=options.deliberation_rounds,
        num_agents=_num_agents(options),
        # Who gives no options leaves it to the council; who gives some means what they say.
        peer_review=options.enable_peer_review if message.HasField("options") else None,
        architect_selection=options.enable_architect_selection,
        case_id=message.case_id,
        story_id=message.story_id,
        plan_id=message.plan_id,
        context=selection(message.context_options) if message.HasField("context_options") else None,
    )


def orchestration_form(message: pb.OrchestrateRequest) -> MessageForm:
    """How Orchestrate says it. The contract has no field for agents here; it is the one custom parameter there is."""
    parameters = message.options.custom_params
    unreadable = [
        FieldViolation(f"options.custom_params[{name[:40]!r}]", "is not known; there is num_agents")
        for name in parameters
        if name != "num_agents"
    ]
    if "num_agents" in parameters and not _is_count(parameters["num_agents"]):
        unreadable.append(FieldViolation(_AGENTS, "must be a whole number"))
    return MessageForm("options.deliberation_rounds", _AGENTS, tuple(unreadable))


def _num_agents(options: pb.OrchestratorOptions) -> int:
    given = options.custom_params.get("num_agents", "")
    return int(given) if _is_count(given) else 0


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _constraints(message: pb.TaskConstraints) -> Constraints:
    return Constraints(
        rubric=message.rubric,
        requirements=tuple(message.requirements),
        metadata=dict(message.metadata),
        max_iterations=message.max_iterations,
        timeout_seconds=message.timeout_seconds,
    )


def selection(message: pb.ContextOptions) -> ContextSelection:
    """Which of a case's events are asked for."""
    return ContextSelection(
        timeline=message.include_timeline,
        decisions=message.include_decisions,
        summaries=message.include_summaries,
        max_events=message.max_events,
        scopes=tuple(message.scopes),
    )
