"""Deliberate and GetDeliberationResult, over gRPC, through NATS and Ray to vLLM and back."""

from functools import partial

import grpc
import pytest

from e2e.suite.conftest import Deliberate
from e2e.suite.errors import field_violations, refused
from e2e.suite.evidence import (
    RPC_SECONDS,
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

# A text that a model does not write unless it is told to.
NONSENSE = "zq-7719-xv"


def test_deliberate_basic(deliberate: Deliberate) -> None:
    """Three agents propose, review each other and revise; the best is ranked first."""
    request = pb.DeliberateRequest(
        task_description="Write a Python function that reverses a string.", role="DEV", rounds=1, num_agents=3
    )

    [evidence] = deliberate(request)

    check_deliberation(evidence, role="DEV", agents=3, rounds=1)


def test_deliberate_multiple_rounds(deliberate: Deliberate, stack: Stack) -> None:
    """Every round is reviewed and revised, each revision from the text before it, and the earlier texts are kept."""
    request = pb.DeliberateRequest(
        task_description="Describe how to cache the answers of a web service.", role="DEV", rounds=2, num_agents=2
    )

    [evidence] = deliberate(request)

    check_deliberation(evidence, role="DEV", agents=2, rounds=2)
    for result in evidence.results:
        for round_, earlier in enumerate(result.proposal.revisions, start=1):
            step = evidence.steps[f"{evidence.task_id}/{round_}/revise/{result.proposal.author_id}"]
            assert any(earlier in message["content"] for message in step["prompt"])


def test_deliberate_different_roles(deliberate: Deliberate) -> None:
    """Each of the five roles has a council; they deliberate at once, and none gets another's steps."""
    requests = {
        role: pb.DeliberateRequest(
            task_description=f"Say what the {role} council plans for version 2.", role=role, num_agents=2
        )
        for role in ("DEV", "QA", "ARCHITECT", "DEVOPS", "DATA")
    }

    for role, evidence in zip(requests, deliberate(*requests.values()), strict=True):
        check_deliberation(evidence, role=role, agents=2, rounds=1)
        assert evidence.tags["role"] == role
        agents = {result.proposal.author_id for result in evidence.results}
        assert {agent.rsplit("-", 1)[0] for agent in agents} == {f"agent-{role.lower()}"}
        assert {step_id.split("/")[3] for step_id in evidence.steps} == (agents if evidence.stack else set())
        assert all(requests[role].task_description in prompt for prompt in evidence.prompts("propose"))


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


def test_deliberate_with_constraints(deliberate: Deliberate) -> None:
    """Requirements are checked against each proposal, and the agents are told of them."""
    kept = f"Must not mention '{NONSENSE}'"
    broken = "Must contain 'qx-4402-wk-never-written'"
    request = pb.DeliberateRequest(
        task_description="Write a Python function that adds two numbers.",
        role="DEV",
        num_agents=2,
        constraints=pb.TaskConstraints(
            rubric="python function\nreturns the sum", requirements=[kept, broken], max_iterations=1, timeout_seconds=60
        ),
    )

    [evidence] = deliberate(request)

    check_deliberation(evidence, role="DEV", agents=2, rounds=1)
    for result in evidence.results:
        policy = result.checks.policy
        follows_broken = "qx-4402-wk-never-written" in result.proposal.content.lower()
        follows_kept = NONSENSE not in result.proposal.content.lower()
        assert policy.passed == (follows_broken and follows_kept)
        assert any(broken in violation for violation in policy.violations) != follows_broken
        assert any(kept in violation for violation in policy.violations) != follows_kept
        lint, dryrun = result.checks.lint, result.checks.dryrun
        assert lint.passed == (lint.error_count == 0) == (not lint.errors)
        assert dryrun.passed == (dryrun.exit_code == 0)
        [rubric] = [check for check in result.checks.additional_checks if check.check_type == "rubric"]
        assert set(rubric.details) == {"python function", "returns the sum"}, "each criterion is looked at"
        shares = [float(share) for share in rubric.details.values()]
        assert rubric.score == pytest.approx(sum(shares) / len(shares), abs=0.01)
        others = [check.passed for check in result.checks.additional_checks]
        assert result.checks.all_passed == all([policy.passed, lint.passed, dryrun.passed, *others])
    for told in (kept, broken, "python function", "returns the sum"):
        assert all(told in prompt for prompt in evidence.prompts("propose"))


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
