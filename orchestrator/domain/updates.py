"""What happened in a deliberation, as the updates that a stream reports.

They follow from the stored deliberation alone: the updates of an earlier state are a prefix of those of a later one. So
who follows it need only remember how many it has seen, and who comes late or comes back sees the same ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.domain.deliberation import Deliberation, Status
from orchestrator.domain.results import CheckSuite
from orchestrator.domain.scoring import run_checks
from orchestrator.domain.steps import StepKind, StepRecord


class Stage(StrEnum):
    """How far a deliberation is. A round's reviews and revisions are one stage, so stages never go back."""

    GENERATING = "generating"
    REVIEWING = "reviewing"
    SCORING = "scoring"
    COMPLETE = "complete"


@dataclass(frozen=True)
class ResultSoFar:
    """A proposal as it was after a step, and what the checks say of it. `rank` is 0 until it is ranked."""

    author_id: str
    content: str
    created_at_ms: int
    revisions: tuple[str, ...]
    checks: CheckSuite
    score: float = 0.0
    rank: int = 0


@dataclass(frozen=True)
class Update:
    """One thing that happened. `percent` never falls, and is 100 for the final results alone."""

    stage: Stage
    percent: int
    step: str
    agent_id: str = ""
    result: ResultSoFar | None = None


_STAGES = {
    StepKind.PROPOSE: Stage.GENERATING,
    StepKind.REVIEW: Stage.REVIEWING,
    StepKind.REVISE: Stage.REVIEWING,
    StepKind.SELECT: Stage.SCORING,
}


def updates(deliberation: Deliberation, seen: int = 0) -> Iterator[Update]:
    """All updates but the first `seen`: that it began, one for each answered step, and at the end the results."""
    if seen == 0:
        yield Update(Stage.GENERATING, 0, str(StepKind.PROPOSE))
    history = deliberation.history
    for index in range(max(seen - 1, 0), len(history)):
        yield _answered(deliberation, history[: index + 1])
    if deliberation.status is Status.COMPLETED:
        done = seen - 1 - len(history)
        if done <= 0:
            yield Update(Stage.SCORING, 99, "score")
        for result in final_results(deliberation)[max(done - 1, 0) :]:
            yield Update(Stage.COMPLETE, 100, f"rank {result.rank}", result.author_id, result)


def final_results(deliberation: Deliberation) -> tuple[ResultSoFar, ...]:
    """The ranked results, best first; none until it has completed."""
    return tuple(
        ResultSoFar(
            author_id=ranked.author_id,
            content=(draft := deliberation.drafts[ranked.author_id]).content,
            created_at_ms=draft.created_at_ms,
            revisions=tuple(draft.revisions),
            checks=ranked.checks,
            score=ranked.score,
            rank=ranked.rank,
        )
        for ranked in deliberation.results
    )


def _answered(deliberation: Deliberation, history: Sequence[StepRecord]) -> Update:
    record = history[-1]
    name = f"{record.kind} {record.round}" if record.round else str(record.kind)
    return Update(
        stage=_STAGES[record.kind],
        percent=_percent(deliberation, history),
        step=name if record.ok else f"{name} failed",
        agent_id=record.agent_id,
        result=_so_far(deliberation, history),
    )


def _percent(deliberation: Deliberation, history: Sequence[StepRecord]) -> int:
    """Every phase has the same share of 99 %, and every step of a phase the same share of its phase."""
    council = len(deliberation.agents)
    proposals = history[:council]
    authors = sum(record.ok for record in proposals) if len(proposals) == council else council
    per_round = 2 if deliberation.request.peer_review and authors > 1 else 1
    in_rounds = deliberation.rounds * per_round
    phases = 1 + in_rounds + deliberation.request.architect_selection
    later = len(history) - len(proposals)
    answered_in_rounds = min(later, in_rounds * authors)
    done = len(proposals) / council + answered_in_rounds / max(authors, 1) + (later - answered_in_rounds)
    return min(int(99 * done / phases), 99)


def _so_far(deliberation: Deliberation, history: Sequence[StepRecord]) -> ResultSoFar | None:
    """The proposal that the last step of `history` wrote; None where it wrote none."""
    record = history[-1]
    if not record.ok or record.kind not in (StepKind.PROPOSE, StepKind.REVISE):
        return None
    written = sum(
        earlier.ok and earlier.agent_id == record.agent_id and earlier.kind in (StepKind.PROPOSE, StepKind.REVISE)
        for earlier in history[:-1]
    )
    draft = deliberation.drafts[record.agent_id]
    texts = (*draft.revisions, draft.content)
    checks = run_checks(texts[written], deliberation.request.constraints)
    return ResultSoFar(record.agent_id, texts[written], draft.created_at_ms, texts[:written], checks)
