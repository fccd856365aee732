"""What a deliberation left behind in every part of the stack, and what must be true of it."""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from e2e.suite.observe import Journal, Message, ModelServer, RayCluster, Store
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

# Longer than any deliberation here takes; a test that comes to it has failed.
RPC_SECONDS = 90


@dataclass(frozen=True)
class Stack:
    """The parts of the stack that tests look into."""

    model: str
    model_server: ModelServer
    ray: RayCluster
    store: Store
    journal: Journal


@dataclass(frozen=True)
class Evidence:
    """One finished deliberation, as its answer and as Redis and JetStream tell it.

    Without a `stack` there is only the answer.
    """

    task_id: str
    results: list[pb.DeliberationResult]
    winner_id: str
    tags: dict[str, str]
    stack: Stack | None = field(repr=False, default=None)
    state: dict[str, Any] = field(repr=False, default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(repr=False, default_factory=dict)
    announced: list[Message] = field(repr=False, default_factory=list)
    events: list[Message] = field(repr=False, default_factory=list)

    def prompts(self, kind: str) -> list[str]:
        """What the model was asked in each step of a kind, as one text a step."""
        return [
            "\n".join(message["content"] for message in step["prompt"])
            for step_id, step in sorted(self.steps.items())
            if f"/{kind}/" in step_id
        ]


def new_task_id() -> str:
    """A task id that no other run has."""
    return f"e2e-{uuid.uuid4()}"


def gather(
    stack: Stack | None,
    task_id: str,
    answer: pb.DeliberateResponse | pb.OrchestrateResponse | pb.GetDeliberationResultResponse,
) -> Evidence:
    """Collects what a finished deliberation left in Redis and JetStream, where there are any, beside its answer."""
    if isinstance(answer, pb.OrchestrateResponse):
        results, winner_id = list(answer.candidates), answer.winner.proposal.author_id
        assert results[0] == answer.winner
    else:
        results, winner_id = list(answer.results), answer.winner_id
    evidence = Evidence(task_id, results, winner_id, tags=dict(answer.metadata.tags))
    if stack is None:
        return evidence
    state = stack.store.deliberation(task_id)
    return replace(
        evidence,
        stack=stack,
        state=state,
        steps=stack.store.steps(task_id),
        announced=stack.journal.read(f"agent.results.{task_id}", count=state["steps_answered"]),
        events=stack.journal.read("orchestration.deliberation.*", count=2, task_id=task_id),
    )


@contextmanager
def counted_requests(stack: Stack | None) -> Iterator[list[Evidence]]:
    """Checks that vLLM finished just as many requests meanwhile as the deliberations put in the list asked of it."""
    evidence: list[Evidence] = []
    before = stack.model_server.finished_requests() if stack else 0
    yield evidence
    check_requests(stack, before, evidence)


def check_requests(stack: Stack | None, before: int, evidence: Sequence[Evidence]) -> None:
    """vLLM has finished just as many requests more than `before` as these deliberations asked of it.

    That is one a step, and one more where an agent says that it had to ask again.
    """
    if stack is None:
        return
    attempts = [step["attempts"] for each in evidence for step in each.steps.values()]
    assert all(count >= 1 for count in attempts), "no step did without the model"
    expected = before + sum(attempts)
    assert stack.model_server.finished_requests_at_least(expected) == expected, "vLLM finished what the steps asked"


@contextmanager
def nothing_started(stack: Stack | None) -> Iterator[None]:
    """Checks that no deliberation was written meanwhile, and nothing published. Both come before any answer."""
    if stack is None:
        yield
        return
    before = stack.store.task_ids(), stack.journal.published()
    yield
    assert (stack.store.task_ids(), stack.journal.published()) == before


def until_over(orchestrator: pb_grpc.OrchestratorServiceStub, task_id: str) -> pb.GetDeliberationResultResponse:
    """Asks for the result until the deliberation is over."""
    request = pb.GetDeliberationResultRequest(task_id=task_id)
    deadline = time.monotonic() + RPC_SECONDS
    running = (pb.DELIBERATION_STATUS_PENDING, pb.DELIBERATION_STATUS_IN_PROGRESS)
    while (result := orchestrator.GetDeliberationResult(request, timeout=10)).status in running:
        assert time.monotonic() < deadline, f"{task_id} is not over after {RPC_SECONDS} s"
        assert result.task_id == task_id
        time.sleep(0.1)
    return result


def steps_of(agents: int, rounds: int, *, peer_review: bool = True) -> int:
    """Steps of a deliberation: everybody proposes, and in each round everybody reviews and revises."""
    per_round = 2 if peer_review and agents > 1 else 1
    return agents * (1 + rounds * per_round)


def check_ranking(evidence: Evidence) -> None:
    """Ranks are 1..n without gaps, no score is below that of the next rank, and the winner is rank 1."""
    results = evidence.results
    assert [result.rank for result in results] == list(range(1, len(results) + 1))
    scores = [result.score for result in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    authors = [result.proposal.author_id for result in results]
    assert len(set(authors)) == len(authors)
    assert evidence.winner_id == authors[0]


def check_deliberation(evidence: Evidence, *, role: str, agents: int, rounds: int, peer_review: bool = True) -> None:
    """The answer is whole; every part of the stack did its part in it, and nothing was made up on the way."""
    expected = steps_of(agents, rounds, peer_review=peer_review)
    check_ranking(evidence)
    assert len(evidence.results) == agents
    if evidence.stack:
        _check_model_wrote_it(evidence.stack, evidence, expected, rounds)
        _check_ran_on_worker(evidence.stack, evidence)
        _check_jetstream_carried_it(evidence, expected)
        assert evidence.state["status"] == "completed"
        assert evidence.state["round"] == rounds
        assert not evidence.state["pending"]
    for result in evidence.results:
        assert result.proposal.author_role == role
        assert len(result.proposal.revisions) == rounds, "each round revises once"
    assert evidence.tags["steps"] == str(expected)


def _check_model_wrote_it(stack: Stack, evidence: Evidence, expected: int, rounds: int) -> None:
    assert len(evidence.steps) == expected
    request_ids = {step["request_id"] for step in evidence.steps.values()}
    assert len(request_ids) == expected, "each step is a request of its own"
    for step in evidence.steps.values():
        assert not step["error"]
        assert step["model"] == stack.model
        assert step["usage"]["completion_tokens"] > 0
    for result in evidence.results:
        proposal = result.proposal
        texts = [
            evidence.steps[f"{evidence.task_id}/{round_}/{'revise' if round_ else 'propose'}/{proposal.author_id}"][
                "text"
            ]
            for round_ in range(rounds + 1)
        ]
        assert [*proposal.revisions, proposal.content] == texts, "the answer is what the model said"
        assert proposal.content.strip()


def _check_ran_on_worker(stack: Stack, evidence: Evidence) -> None:
    nodes = {step["node_id"] for step in evidence.steps.values()}
    assert nodes
    assert nodes <= stack.ray.worker_ids(), "every step ran on a worker node, none on the head"
    assert set(evidence.tags["ray.nodes"].split(",")) == nodes


def _check_jetstream_carried_it(evidence: Evidence, expected: int) -> None:
    assert len(evidence.announced) == expected, "each step's result was announced once"
    kinds = [message.subject.rsplit(".", 1)[1] for message in evidence.events]
    assert kinds == ["started", "completed"]
    completed = evidence.events[1].data
    assert completed["winner_id"] == evidence.winner_id
    assert [result["author_id"] for result in completed["results"]] == [
        result.proposal.author_id for result in evidence.results
    ]
