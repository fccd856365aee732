"""Orchestrate: a task of a case, with the case's context, to a winner and its candidates."""

import time
import uuid

import grpc
import pytest

from e2e.suite.conftest import Deliberate
from e2e.suite.errors import field_violations, refused
from e2e.suite.evidence import (
    RPC_SECONDS,
    Evidence,
    Stack,
    check_deliberation,
    check_ranking,
    nothing_started,
)
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

REQUIREMENTS = ("Must contain 'is_even'", "Must contain 'return'")
PEER_REVIEW = pb.OrchestratorOptions(enable_peer_review=True, deliberation_rounds=1)
CONTEXT_WAIT_SECONDS = 10.0


@pytest.mark.asks(pb.OrchestrateRequest(task_description="Write a health check.", role="DEVOPS", options=PEER_REVIEW))
def test_orchestrate_basic(evidence: list[Evidence], stack: Stack) -> None:
    """The council of the role deliberates; the winner is the first candidate."""
    [found] = evidence

    check_deliberation(found, role="DEVOPS", agents=3, rounds=1)
    assert found.tags["model"] == stack.model


def test_orchestrate_with_context(deliberate: Deliberate, stack: Stack) -> None:
    """What was decided in the case stands in every proposal's prompt, and in none without the case."""
    case_id = f"case-{uuid.uuid4()}"
    decision = f"Money is kept in cents ({uuid.uuid4().hex})."
    happened = f"The ledger was migrated ({uuid.uuid4().hex})."
    for kind, text in (("decision", decision), ("timeline", happened)):
        event = {
            "event_id": f"{case_id}-{kind}",
            "case_id": case_id,
            "kind": kind,
            "text": text,
            "occurred_at_ms": int(time.time() * 1000),
        }
        stack.journal.publish(f"context.{kind}", event)
        _until_kept(stack, case_id, kind)
    request = pb.OrchestrateRequest(
        task_description="Add a price to an order.",
        role="DEV",
        options=PEER_REVIEW,
        case_id=case_id,
        story_id="story-7",
        context_options=pb.ContextOptions(include_decisions=True, include_timeline=True, max_events=10),
    )

    without = pb.OrchestrateRequest()
    without.CopyFrom(request)
    without.ClearField("case_id")
    without.ClearField("context_options")

    [informed, uninformed] = deliberate(request, without)

    check_deliberation(informed, role="DEV", agents=3, rounds=1)
    assert all(decision in prompt and happened in prompt for prompt in informed.prompts("propose"))
    assert informed.tags["case_id"] == case_id
    assert informed.tags["story_id"] == "story-7"
    assert informed.tags["context.decisions"] == "1"
    assert informed.tags["context.timeline"] == "1"
    assert informed.tags["context.hash"]
    assert not any(decision in prompt or happened in prompt for prompt in uninformed.prompts("propose"))
    assert "context.decisions" not in uninformed.tags


@pytest.mark.asks(
    pb.OrchestrateRequest(
        task_description="Choose a message queue.",
        role="ARCHITECT",
        options=pb.OrchestratorOptions(enable_peer_review=False, deliberation_rounds=2),
    )
)
def test_orchestrate_with_options(evidence: list[Evidence]) -> None:
    """Without peer review nobody reviews, and the rounds asked for are held."""
    [found] = evidence

    check_deliberation(found, role="ARCHITECT", agents=3, rounds=2, peer_review=False)
    assert found.tags["peer_review"] == "false"
    assert not found.prompts("review")


@pytest.mark.asks(
    *(
        pb.OrchestrateRequest(task_description="Check the import of orders.", role=role, options=PEER_REVIEW)
        for role in ("QA", "DATA")
    )
)
def test_orchestrate_multiple_roles(evidence: list[Evidence]) -> None:
    """Other roles orchestrate too, at once, each by its own council."""
    for role, found in zip(("QA", "DATA"), evidence, strict=True):
        check_deliberation(found, role=role, agents=3, rounds=1)


def test_orchestrate_error_handling(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> None:
    """Bad requests get the codes of the contract and start nothing."""
    with nothing_started(backstage):
        empty = pb.OrchestrateRequest(role="DEV")
        error = refused(lambda: orchestrator.Orchestrate(empty, timeout=RPC_SECONDS))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert field_violations(error) == {"task_description"}

        nobody = pb.OrchestrateRequest(task_description="Sing.", role="BARITONE")
        error = refused(lambda: orchestrator.Orchestrate(nobody, timeout=RPC_SECONDS))
        assert error.code() is grpc.StatusCode.NOT_FOUND

        endless = pb.OrchestrateRequest(
            task_description="Think.", role="DEV", options=pb.OrchestratorOptions(deliberation_rounds=1_000)
        )
        error = refused(lambda: orchestrator.Orchestrate(endless, timeout=RPC_SECONDS))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert field_violations(error) == {"options.deliberation_rounds"}


@pytest.mark.asks(
    pb.OrchestrateRequest(
        task_description="Write a Python function `is_even` with a docstring.",
        role="DEV",
        options=PEER_REVIEW,
        constraints=pb.TaskConstraints(rubric="python function\ndocstring", requirements=REQUIREMENTS),
    )
)
def test_orchestrate_winner_is_best_scored(evidence: list[Evidence]) -> None:
    """The winner's score is the highest, and the score follows the checks and reviews that are shown with it."""
    [found] = evidence

    check_ranking(found)
    for result in found.results:
        further = {check.check_type: check.score for check in result.checks.additional_checks}
        assert further.keys() == {"rubric", "peer_review"}
        addressed = 1 - len(result.checks.policy.violations) / len(REQUIREMENTS)
        checks = (result.checks.lint.passed + result.checks.dryrun.passed + addressed) / 3
        # The weights that orchestrator/domain/scoring.py documents.
        expected = 0.3 * further["rubric"] + 0.3 * checks + 0.4 * further["peer_review"]
        assert result.score == pytest.approx(expected, abs=1e-5)
    assert found.results[0].score == max(result.score for result in found.results)


@pytest.mark.asks(
    pb.OrchestrateRequest(task_description="Name a good metric for a team.", role="DATA", options=PEER_REVIEW)
)
@pytest.mark.usefixtures("stack")
def test_orchestrate_all_agents_contribute(evidence: list[Evidence]) -> None:
    """Every agent proposes, reviews all others but never itself, and revises."""
    [found] = evidence

    check_deliberation(found, role="DATA", agents=3, rounds=1)
    authors = {result.proposal.author_id for result in found.results}
    assert len(authors) == 3
    for kind in ("propose", "review", "revise"):
        assert {step_id.rsplit("/", 1)[1] for step_id in found.steps if f"/{kind}/" in step_id} == authors
    for review in found.state["reviews"]:
        assert review["reviewer_id"] not in review["marks"]
    assert {review["reviewer_id"] for review in found.state["reviews"]} == authors
    assert len(set(found.prompts("propose"))) == len(authors), "each agent has a bent of its own"


def _until_kept(stack: Stack, case_id: str, kind: str) -> None:
    deadline = time.monotonic() + CONTEXT_WAIT_SECONDS
    while stack.store.context_size(case_id, kind) == 0:
        assert time.monotonic() < deadline, f"the {kind} of {case_id} did not come to Redis"
        time.sleep(0.05)
