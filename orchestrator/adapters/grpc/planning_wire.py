"""Plans and tasks between the contract and the domain."""

from orchestrator.adapters.grpc.from_wire import selection
from orchestrator.domain.context import ContextSelection
from orchestrator.domain.derivation import AtomicTask, Derivation, DerivationRequest, Strategy
from orchestrator.domain.planning import PlanningEvent
from orchestrator.domain.task_context import TaskContext, TaskContextRequest
from protos.orchestrator.v1 import orchestrator_pb2 as pb


def planning_event(message: pb.PlanningEventRequest) -> PlanningEvent:
    """What ProcessPlanningEvent is told. The event's own id is a label, since the message has no field for it."""
    metadata = dict(message.metadata)
    return PlanningEvent(
        event_type=message.event_type,
        case_id=message.case_id,
        plan_id=message.plan_id,
        from_state=message.from_state,
        to_state=message.to_state,
        timestamp_ms=message.timestamp_ms,
        event_id=metadata.pop("event_id", ""),
        metadata=metadata,
    )


def derivation_request(message: pb.DeriveSubtasksRequest) -> DerivationRequest:
    """What DeriveSubtasks asks for."""
    strategy = message.strategy
    return DerivationRequest(
        case_id=message.case_id,
        plan_id=message.plan_id,
        roles=tuple(message.roles),
        strategy=Strategy(
            parallel_execution=strategy.parallel_execution,
            dependency_order=tuple(strategy.dependency_order),
            max_tasks_per_role=strategy.max_tasks_per_role,
            auto_publish=strategy.auto_publish_to_nats,
        ),
    )


def task_context_request(message: pb.GetTaskContextRequest) -> TaskContextRequest:
    """What GetTaskContext asks for. Who gives no options gets all; who gives some means what they say."""
    return TaskContextRequest(
        task_id=message.task_id,
        case_id=message.case_id,
        story_id=message.story_id,
        role=message.role,
        phase=message.phase,
        selection=selection(message.options) if message.HasField("options") else ContextSelection(),
    )


def task_context_response(context: TaskContext) -> pb.GetTaskContextResponse:
    """The answer of GetTaskContext."""
    return pb.GetTaskContextResponse(
        context_text=context.text,
        blocks=pb.ContextBlocks(
            system=context.system, context=context.context, tools=context.tools, history=context.history
        ),
        token_count=context.tokens,
        version_hash=context.version,
    )


def derive_response(derivation: Derivation) -> pb.DeriveSubtasksResponse:
    """The answer of DeriveSubtasks."""
    return pb.DeriveSubtasksResponse(
        tasks=[_task(task) for task in derivation.tasks],
        derivation_id=derivation.derivation_id,
        total_tasks=len(derivation.tasks),
    )


def _task(task: AtomicTask) -> pb.AtomicTask:
    constraints = task.constraints
    return pb.AtomicTask(
        task_id=task.task_id,
        role=task.role,
        description=task.description,
        dependencies=task.dependencies,
        constraints=pb.TaskConstraints(
            rubric=constraints.rubric,
            requirements=constraints.requirements,
            metadata=dict(constraints.metadata),
            max_iterations=constraints.max_iterations,
            timeout_seconds=constraints.timeout_seconds,
        ),
        case_id=task.case_id,
        plan_id=task.plan_id,
        priority=task.priority,
    )
