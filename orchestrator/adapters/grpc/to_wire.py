"""Deliberations as the contract's answers have them."""

from collections.abc import Mapping

from orchestrator import __version__
from orchestrator.domain.council import AgentType
from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.results import CheckResult, CheckSuite
from orchestrator.domain.updates import ResultSoFar, Update, final_results
from protos.orchestrator.v1 import orchestrator_pb2 as pb

_STATUSES: Mapping[Status, "pb.DeliberationStatus.ValueType"] = {
    Status.PENDING: pb.DELIBERATION_STATUS_PENDING,
    Status.IN_PROGRESS: pb.DELIBERATION_STATUS_IN_PROGRESS,
    Status.COMPLETED: pb.DELIBERATION_STATUS_COMPLETED,
    Status.FAILED: pb.DELIBERATION_STATUS_FAILED,
    Status.TIMEOUT: pb.DELIBERATION_STATUS_TIMEOUT,
    Status.CANCELLED: pb.DELIBERATION_STATUS_CANCELLED,
}


def status(deliberation: Deliberation) -> "pb.DeliberationStatus.ValueType":
    """Where it stands."""
    return _STATUSES[deliberation.status]


def deliberate_response(deliberation: Deliberation, now_ms: int) -> pb.DeliberateResponse:
    """The answer of Deliberate. Why it FAILED stands in the warnings, since the message has no other place for it."""
    warnings = [*([deliberation.error] if deliberation.error else []), *deliberation.warnings]
    return pb.DeliberateResponse(
        results=results(deliberation),
        winner_id=deliberation.winner_id,
        duration_ms=_duration_ms(deliberation, now_ms),
        metadata=metadata(deliberation),
        task_id=deliberation.task_id,
        status=status(deliberation),
        warnings=warnings,
    )


def result_response(deliberation: Deliberation, now_ms: int) -> pb.GetDeliberationResultResponse:
    """The answer of GetDeliberationResult."""
    return pb.GetDeliberationResultResponse(
        task_id=deliberation.task_id,
        status=status(deliberation),
        results=results(deliberation),
        winner_id=deliberation.winner_id,
        duration_ms=_duration_ms(deliberation, now_ms),
        error_message=deliberation.error,
        metadata=metadata(deliberation),
        warnings=deliberation.warnings,
    )


def orchestrate_response(deliberation: Deliberation, now_ms: int) -> pb.OrchestrateResponse:
    """The answer of Orchestrate for a deliberation that has completed."""
    ranked = results(deliberation)
    return pb.OrchestrateResponse(
        winner=ranked[0],
        candidates=ranked,
        execution_id=deliberation.execution_id,
        duration_ms=_duration_ms(deliberation, now_ms),
        metadata=metadata(deliberation),
    )


def update(deliberation: Deliberation, happened: Update) -> pb.DeliberationUpdate:
    """One thing that happened in a deliberation."""
    message = pb.DeliberationUpdate(
        status=happened.stage,
        progress_percent=happened.percent,
        current_step=happened.step,
        current_agent=happened.agent_id,
        task_id=deliberation.task_id,
    )
    if happened.result:
        message.partial_result.CopyFrom(_result(happened.result, deliberation.request.role))
    return message


def results(deliberation: Deliberation) -> list[pb.DeliberationResult]:
    """The ranked results, best first."""
    return [_result(result, deliberation.request.role) for result in final_results(deliberation)]


def metadata(deliberation: Deliberation) -> pb.OrchestratorMetadata:
    """How the outcome came about. The tags are documented in orchestrator/README.md."""
    return pb.OrchestratorMetadata(
        orchestrator_version=__version__,
        timestamp_ms=deliberation.finished_at_ms or deliberation.created_at_ms,
        execution_id=deliberation.execution_id,
        tags=_tags(deliberation),
    )


def _tags(deliberation: Deliberation) -> dict[str, str]:
    request = deliberation.request
    tags = {
        "task_id": deliberation.task_id,
        "role": request.role,
        "model": deliberation.model,
        "agents": str(len(deliberation.agents)),
        "rounds": str(deliberation.rounds),
        "peer_review": str(request.peer_review).lower(),
        "steps": str(deliberation.steps_answered),
        "tokens.prompt": str(deliberation.usage.prompt_tokens),
        "tokens.completion": str(deliberation.usage.completion_tokens),
        "agent_type": deliberation.agent_type,
    }
    if deliberation.agent_type is AgentType.RAY_VLLM:
        tags |= {"ray.nodes": ",".join(deliberation.nodes), "ray.actors": ",".join(deliberation.actors)}
    if deliberation.confidence is not None:
        tags["confidence"] = f"{deliberation.confidence:.3f}"
    for name in ("case_id", "story_id", "plan_id"):
        if value := getattr(request, name):
            tags[name] = value
    if request.case_id:
        context = deliberation.context
        tags |= {
            "context.decisions": str(context.decisions),
            "context.timeline": str(context.timeline),
            "context.summaries": str(context.summaries),
            "context.hash": context.digest,
        }
    return tags


def _duration_ms(deliberation: Deliberation, now_ms: int) -> int:
    return (deliberation.finished_at_ms or now_ms) - deliberation.created_at_ms


def _result(result: ResultSoFar, role: str) -> pb.DeliberationResult:
    return pb.DeliberationResult(
        proposal=pb.Proposal(
            author_id=result.author_id,
            author_role=role,
            content=result.content,
            created_at_ms=result.created_at_ms,
            revisions=result.revisions,
        ),
        checks=_checks(result.checks),
        score=result.score,
        rank=result.rank,
    )


def _checks(suite: CheckSuite) -> pb.CheckSuite:
    return pb.CheckSuite(
        policy=pb.PolicyResult(
            passed=suite.policy.passed, violations=suite.policy.violations, message=suite.policy.message
        ),
        lint=pb.LintResult(
            passed=suite.lint.passed,
            error_count=len(suite.lint.errors),
            warning_count=suite.lint.warning_count,
            errors=suite.lint.errors,
        ),
        dryrun=pb.DryRunResult(
            passed=suite.dryrun.passed,
            output=suite.dryrun.output,
            exit_code=0 if suite.dryrun.passed else 1,
            message=suite.dryrun.message,
        ),
        additional_checks=[_check(check) for check in suite.additional],
        all_passed=suite.all_passed,
    )


def _check(check: CheckResult) -> pb.CheckResult:
    return pb.CheckResult(
        check_type=check.check_type,
        passed=check.passed,
        score=check.score,
        message=check.message,
        details=dict(check.details),
    )
