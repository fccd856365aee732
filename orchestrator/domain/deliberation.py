"""The deliberation: a state machine over steps.

    propose ─▶ (each round: review ─▶ revise) ─▶ [select] ─▶ completed
       └─ nobody proposed ─▶ failed            any phase ─▶ timeout | cancelled

A phase begins when every step of the one before it has been answered, so what a step is asked depends only on finished
phases. An agent whose proposal fails is out; one whose review or revision fails stays in, with a warning.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.domain.context import HydratedContext
from orchestrator.domain.council import Agent, AgentType
from orchestrator.domain.request import DeliberationRequest
from orchestrator.domain.results import RankedResult
from orchestrator.domain.review import InvalidReview, Review, ballot, parse_answer
from orchestrator.domain.scoring import confidence, rank
from orchestrator.domain.steps import Step, StepKind, StepRecord, StepResponse, Usage, make_step

# What is kept of a deliberation's time for what follows from its last answers; of a short one it is a tenth.
_MOST_RESERVE_MS = 2000

SELECTOR = Agent("agent-architect-selector", "ARCHITECT", "Choose what will still be right in a year.", 0.2)


class Status(StrEnum):
    """Where a deliberation stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing changes any more."""
        return self not in (Status.PENDING, Status.IN_PROGRESS)


@dataclass
class Draft:
    """An agent's proposal. `revisions` has the earlier texts, oldest first."""

    author_id: str
    content: str
    created_at_ms: int
    revisions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Transition:
    """What applying a response did: nothing (it had been applied before), or new steps, or the end."""

    applied: bool
    steps: tuple[Step, ...] = ()


@dataclass
class Deliberation:
    """One deliberation, whole. Times are milliseconds since the epoch.

    `version` counts writes; the store compares it. `pending` has the outstanding steps by id. `lost_dependency` names
    what did not answer, where that is why no agent brought a proposal. `traceparent` is that of the call which started it
    (W3C Trace Context), or empty: whoever goes on with it does so in the same trace. Once `token_budget` tokens are spent
    no further phase begins (0: there is no budget).
    """

    task_id: str
    execution_id: str
    fingerprint: str
    model: str
    request: DeliberationRequest
    agents: tuple[Agent, ...]
    created_at_ms: int
    deadline_ms: int
    context: HydratedContext = field(default_factory=HydratedContext)
    version: int = 0
    status: Status = Status.PENDING
    phase: StepKind = StepKind.PROPOSE
    round: int = 0
    updated_at_ms: int = 0
    finished_at_ms: int = 0
    drafts: dict[str, Draft] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    selection: Review | None = None
    pending: dict[str, Step] = field(default_factory=dict)
    history: list[StepRecord] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    lost_dependency: str = ""
    results: tuple[RankedResult, ...] = ()
    usage: Usage = field(default_factory=Usage)
    steps_answered: int = 0
    nodes: list[str] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    traceparent: str = ""
    token_budget: int = 0

    def open(self) -> None:
        """Makes the first phase's steps outstanding. Called once, on a new deliberation."""
        self.updated_at_ms = self.created_at_ms
        if self.rounds < self.request.rounds:
            self.warnings.append(
                f"rounds cut from {self.request.rounds} to {self.rounds} by constraints.max_iterations"
            )
        self._begin(StepKind.PROPOSE, 0)

    @property
    def rounds(self) -> int:
        """Rounds of review and revision."""
        return self.request.planned_rounds

    @property
    def final(self) -> bool:
        """Whether it is over."""
        return self.status.final

    @property
    def step_deadline_ms(self) -> int:
        """When each step must be answered at the latest, so that what follows from it is still in time."""
        return self.deadline_ms - min((self.deadline_ms - self.created_at_ms) // 10, _MOST_RESERVE_MS)

    @property
    def winner_id(self) -> str:
        """Author of the result with rank 1; empty without results."""
        return self.results[0].author_id if self.results else ""

    @property
    def confidence(self) -> float | None:
        """How far the last round's reviewers agree, in [0, 1]; None before the end, or where nothing can be compared."""
        return confidence(self.reviews_of(self.round)) if self.results else None

    @property
    def authors(self) -> tuple[str, ...]:
        """The agents that have a proposal, in the council's order."""
        return tuple(agent.agent_id for agent in self.agents if agent.agent_id in self.drafts)

    @property
    def agent_type(self) -> AgentType:
        """What answers for its agents; they are all of one council."""
        return self.agents[0].agent_type

    def agent(self, agent_id: str) -> Agent:
        """The agent with this id. The selecting architect is of the type that the others are."""
        selector = replace(SELECTOR, agent_type=self.agent_type)
        return next(agent for agent in (*self.agents, selector) if agent.agent_id == agent_id)

    def reviews_of(self, round_: int) -> list[Review]:
        """The peer reviews of a round."""
        return [review for review in self.reviews if review.round == round_]

    def ballot(self, reviewer_id: str) -> dict[str, str]:
        """Which author is behind which label for this reviewer. Stable: nobody leaves after the proposals."""
        return ballot(reviewer_id, self.authors)

    def apply(self, response: StepResponse, now_ms: int) -> Transition:
        """Takes in a response. One that is not outstanding changes nothing, so a repeat is harmless.

        A response that comes after the deadline ends the deliberation as TIMEOUT.
        """
        if self.final or response.step_id not in self.pending:
            return Transition(applied=False)
        if self.expire(now_ms):
            return Transition(applied=True)
        step = self.pending.pop(response.step_id)
        self.status = Status.IN_PROGRESS
        self.updated_at_ms = now_ms
        self._account(response)
        ok = self._absorb(step, response, now_ms)
        self.history.append(StepRecord(step.kind, step.round, step.agent_id, ok, now_ms, response.duration_ms))
        return Transition(applied=True, steps=() if self.pending else self._advance(now_ms, late=response.late))

    def expire(self, now_ms: int) -> bool:
        """Ends it as TIMEOUT if its deadline has passed; says whether it did."""
        if self.final or now_ms < self.deadline_ms:
            return False
        seconds = (self.deadline_ms - self.created_at_ms) / 1000
        waiting = ", ".join(step.agent_id for step in self.pending.values())
        where = f"{self.phase} of round {self.round}" if self.round else str(self.phase)
        self._end(Status.TIMEOUT, now_ms, f"not over after {seconds:g} s; in {where}, waiting for {waiting}")
        return True

    def cancel(self, reason: str, now_ms: int) -> bool:
        """Ends it as CANCELLED unless it is over; says whether it did."""
        if self.final:
            return False
        self._end(Status.CANCELLED, now_ms, reason or "cancelled")
        return True

    def _account(self, response: StepResponse) -> None:
        self.usage += response.usage
        self.steps_answered += not response.error
        self.nodes = sorted({*self.nodes, *filter(None, [response.node_id])})
        self.actors = sorted({*self.actors, *filter(None, [response.actor_id])})

    def _note_failure(self, step: Step, response: StepResponse) -> None:
        where = f" in round {step.round}" if step.round else ""
        self.warnings.append(f"{step.agent_id} could not {step.kind}{where}: {response.error}")
        self.lost_dependency = self.lost_dependency or response.lost_dependency

    def _absorb(self, step: Step, response: StepResponse, now_ms: int) -> bool:
        """Says whether the answer could be used."""
        if response.error:
            self._note_failure(step, response)
            return False
        match step.kind:
            case StepKind.PROPOSE:
                self.drafts[step.agent_id] = Draft(step.agent_id, response.text, response.finished_at_ms or now_ms)
            case StepKind.REVISE:
                draft = self.drafts[step.agent_id]
                draft.revisions.append(draft.content)
                draft.content = response.text
            case StepKind.REVIEW | StepKind.SELECT:
                return self._absorb_review(step, response.text)
        return True

    def _absorb_review(self, step: Step, text: str) -> bool:
        labels = self.ballot(step.agent_id)
        try:
            answer = parse_answer(text, tuple(labels))
        except InvalidReview as error:
            self.warnings.append(f"{step.agent_id} could not {step.kind} in round {step.round}: {error}")
            return False
        review = Review(
            step.round,
            step.agent_id,
            {labels[label]: mark for label, mark in answer.marks.items()},
            {labels[label]: comment for label, comment in answer.comments.items()},
        )
        if step.kind is StepKind.SELECT:
            self.selection = review
        else:
            self.reviews.append(review)
        return True

    def _advance(self, now_ms: int, *, late: bool) -> tuple[Step, ...]:
        """What follows a phase whose steps have all been answered, the last of them late or not."""
        if not self.drafts:
            # Who was late may have been late because of what the others name.
            status = Status.TIMEOUT if late and not self.lost_dependency else Status.FAILED
            self._end(status, now_ms, "no agent brought a proposal: " + "; ".join(self.warnings))
            return ()
        self.lost_dependency = ""
        following = self._following()
        if following and self.token_budget and self.usage.total >= self.token_budget:
            phase, round_ = following
            spent = f"{self.usage.total} tokens are spent, of a budget of {self.token_budget}"
            self.warnings.append(f"ended before the {phase} of round {round_}: {spent}")
            following = None
        if following:
            return self._begin(*following)
        self._complete(now_ms)
        return ()

    def _following(self) -> tuple[StepKind, int] | None:
        """The phase after this one, with its round; None if this is the last."""
        if self.phase is StepKind.REVIEW:
            return StepKind.REVISE, self.round
        if self.phase is not StepKind.SELECT:
            if self.round < self.rounds:
                return StepKind.REVIEW if self._reviewed else StepKind.REVISE, self.round + 1
            if self.request.architect_selection:
                return StepKind.SELECT, self.round
        return None

    @property
    def _reviewed(self) -> bool:
        return bool(self.request.peer_review) and len(self.drafts) > 1

    def _begin(self, phase: StepKind, round_: int) -> tuple[Step, ...]:
        self.phase, self.round = phase, round_
        if phase is StepKind.PROPOSE:
            who = tuple(agent.agent_id for agent in self.agents)
        else:
            who = (SELECTOR.agent_id,) if phase is StepKind.SELECT else self.authors
        steps = tuple(make_step(self.task_id, phase, round_, agent_id) for agent_id in who)
        self.pending = {step.step_id: step for step in steps}
        return steps

    def _complete(self, now_ms: int) -> None:
        self.results = rank(
            {author: self.drafts[author].content for author in self.authors},
            self.request.constraints,
            self.reviews_of(self.round) if self._reviewed and self.round else None,
            self.selection,
        )
        self._end(Status.COMPLETED, now_ms, "")

    def _end(self, status: Status, now_ms: int, error: str) -> None:
        self.status, self.error = status, error
        self.finished_at_ms = self.updated_at_ms = now_ms
        self.pending = {}
