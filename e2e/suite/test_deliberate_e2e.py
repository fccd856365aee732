"""Deliberate and GetDeliberationResult, over gRPC, through NATS and Ray to vLLM and back."""

from functools import partial

import grpc
import pytest

from e2e.suite.errors import field_violations, refused
from e2e.suite.evidence import (
    RPC_SECONDS,
    Evidence,
    Stack,
    check_deliberation,
    counted_requests,
    gather,
    new_task_id,
    nothing_started,
    until_over,
)
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

ROLES = ("DEV", "QA", "ARCHITECT", "DEVOPS", "DATA")
# Texts that a model does not write unless it is told to.
NONSENSE = "zq-7719-xv"
NEVER_WRITTEN = "qx-4402-wk-never-written"
KEPT = f"Must not mention '{NONSENSE}'"
BROKEN = f"Must contain '{NEVER_WRITTEN}'"


@pytest.mark.asks(
    pb.DeliberateRequest(
        task_description="Write a Python function that reverses a string.", role="DEV", rounds=1, num_agents=3
    )
)
def test_deliberate_basic(evidence: list[Evidence]) -> None:
    """Three agents propose, review each other and revise; the best is ranked first."""
    check_deliberation(*evidence, role="DEV", agents=3, rounds=1)


@pytest.mark.asks(
    pb.DeliberateRequest(
        task_description="Describe how to cache the answers of a web service.", role="DEV", rounds=2, num_agents=2
    )
)
@pytest.mark.usefixtures("stack")
def test_deliberate_multiple_rounds(evidence: list[Evidence]) -> None:
    """Every round is reviewed and revised, each revision from the text before it, and the earlier texts are kept."""
    [found] = evidence

    check_deliberation(found, role="DEV", agents=2, rounds=2)
    for result in found.results:
        for round_, earlier in enumerate(result.proposal.revisions, start=1):
            step = found.steps[f"{found.task_id}/{round_}/revise/{result.proposal.author_id}"]
            assert any(earlier in message["content"] for message in step["prompt"])


@pytest.mark.asks(
    *(
        pb.DeliberateRequest(task_description=f"Say what the {role} council plans.", role=role, num_agents=2)
        for role in ROLES
    )
)
def test_deliberate_different_roles(evidence: list[Evidence]) -> None:
    """Each of the five roles has a council; they deliberate at once, and none gets another's steps."""
    for role, found in zip(ROLES, evidence, strict=True):
        check_deliberation(found, role=role, agents=2, rounds=1)
        assert found.tags["role"] == role
        agents = {result.proposal.author_id for result in found.results}
        assert {agent.rsplit("-", 1)[0] for agent in agents} == {f"agent-{role.lower()}"}
        assert {step_id.split("/")[3] for step_id in found.steps} == (agents if found.stack else set())
        assert all(f"what the {role} council plans" in prompt for prompt in found.prompts("propose"))


def test_deliberate_empty_task(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> None:
    """A task of nothing, or of blanks, is refused with the field's name, and asks nobody."""
    with nothing_started(backstage):
        for blank in ("", "  \n"):
            error = refused(partial(orchestrator.Deliberate, _dev_task(blank), timeout=RPC_SECONDS))
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert field_violations(error) == {"task_description"}

        several = pb.DeliberateRequest(role="DEV", rounds=-1, num_agents=10_000)
        error = refused(lambda: orchestrator.Deliberate(several, timeout=RPC_SECONDS))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert field_violations(error) == {"task_description", "rounds", "num_agents"}


def test_deliberate_invalid_role(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> None:
    """A role without a council is NOT_FOUND, and the message names the roles there are."""
    request = pb.DeliberateRequest(task_description="Sing.", role="BARITONE")

    with nothing_started(backstage):
        error = refused(lambda: orchestrator.Deliberate(request, timeout=RPC_SECONDS))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    for name in ("BARITONE", "ARCHITECT", "DATA", "DEV", "DEVOPS", "QA"):
        assert name in (error.details() or "")


@pytest.mark.asks(
    pb.DeliberateRequest(
        task_description="Write a Python function that adds two numbers.",
        role="DEV",
        num_agents=2,
        constraints=pb.TaskConstraints(
            rubric="python function\nreturns the sum", requirements=[KEPT, BROKEN], max_iterations=1, timeout_seconds=85
        ),
    )
)
def test_deliberate_with_constraints(evidence: list[Evidence]) -> None:
    """Requirements are checked against each proposal, and the agents are told of them."""
    [found] = evidence

    check_deliberation(found, role="DEV", agents=2, rounds=1)
    for result in found.results:
        policy = result.checks.policy
        follows_broken = NEVER_WRITTEN in result.proposal.content.lower()
        follows_kept = NONSENSE not in result.proposal.content.lower()
        assert policy.passed == (follows_broken and follows_kept)
        assert any(BROKEN in violation for violation in policy.violations) != follows_broken
        assert any(KEPT in violation for violation in policy.violations) != follows_kept
        lint, dryrun = result.checks.lint, result.checks.dryrun
        assert lint.passed == (lint.error_count == 0) == (not lint.errors)
        assert dryrun.passed == (dryrun.exit_code == 0)
        [rubric] = [check for check in result.checks.additional_checks if check.check_type == "rubric"]
        assert set(rubric.details) == {"python function", "returns the sum"}, "each criterion is looked at"
        shares = [float(share) for share in rubric.details.values()]
        assert rubric.score == pytest.approx(sum(shares) / len(shares), abs=0.01)
        others = [check.passed for check in result.checks.additional_checks]
        assert result.checks.all_passed == all([policy.passed, lint.passed, dryrun.passed, *others])
    for told in (KEPT, BROKEN, "python function", "returns the sum"):
        assert all(told in prompt for prompt in found.prompts("propose"))


def test_deliberate_async_result(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> None:
    """ASYNC answers at once; the result is there under its task_id; the same request again starts nothing."""
    request = pb.DeliberateRequest(
        task_description="Name three things to test in a login page.",
        role="QA",
        num_agents=2,
        task_id=new_task_id(),
        mode=pb.ASYNC,
    )

    with counted_requests(backstage) as finished:
        accepted = orchestrator.Deliberate(request, timeout=10)
        assert accepted.task_id == request.task_id
        assert accepted.status in (pb.DELIBERATION_STATUS_PENDING, pb.DELIBERATION_STATUS_IN_PROGRESS)
        assert not accepted.results

        result = until_over(orchestrator, request.task_id)
        assert result.status == pb.DELIBERATION_STATUS_COMPLETED
        assert not result.error_message
        finished.append(gather(backstage, request.task_id, result))
        check_deliberation(finished[0], role="QA", agents=2, rounds=1)

        request.mode = pb.WAIT
        again = orchestrator.Deliberate(request, timeout=RPC_SECONDS)
        assert list(again.results) == list(result.results)

    request.task_description = "Another task under the same id."
    error = refused(lambda: orchestrator.Deliberate(request, timeout=RPC_SECONDS))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    unknown = pb.GetDeliberationResultRequest(task_id="e2e-nobody-asked")
    error = refused(lambda: orchestrator.GetDeliberationResult(unknown, timeout=10))
    assert error.code() is grpc.StatusCode.NOT_FOUND


def _dev_task(text: str) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(task_description=text, role="DEV")
