"""What each step asks of the model. Prompts are short, and each part is clipped to its share of the budget."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.domain.council import title_of
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.scoring import run_checks
from orchestrator.domain.steps import ChatMessage, Step, StepKind, StepRequest

# English text has about four characters a token; good enough to keep a prompt near its budget.
CHARS_PER_TOKEN = 4
_REVIEW_TEMPERATURE = 0.3
_CLIPPED = " […]"
_VOWELS = frozenset("aeiouAEIOU")
# How the proposals of a review are set apart.
_HEADING = re.compile(r"^[ \t]*Proposal [A-Z]{1,2}:", re.MULTILINE)


@dataclass(frozen=True)
class TokenBudgets:
    """The most completion tokens of each kind of step, and about the most of a prompt."""

    propose: int = 512
    review: int = 192
    revise: int = 512
    prompt: int = 1024

    def completion(self, kind: StepKind) -> int:
        """The completion budget of a step."""
        match kind:
            case StepKind.PROPOSE:
                return self.propose
            case StepKind.REVISE:
                return self.revise
            case StepKind.REVIEW | StepKind.SELECT:
                return self.review


def render(deliberation: Deliberation, step: Step, budgets: TokenBudgets) -> StepRequest:
    """The request of an outstanding step. The same deliberation and step give the same request."""
    agent = deliberation.agent(step.agent_id)
    budget = budgets.prompt * CHARS_PER_TOKEN
    judges = step.kind in (StepKind.REVIEW, StepKind.SELECT)
    labels = deliberation.ballot(step.agent_id) if judges else {}
    if judges:
        user = _review(deliberation, labels, budget)
    elif step.kind is StepKind.REVISE:
        user = _revise(deliberation, step, budget)
    else:
        user = _propose(deliberation, budget)
    title = agent.title or title_of(agent.role)
    article = "an" if title[0] in _VOWELS else "a"
    return StepRequest(
        step_id=step.step_id,
        task_id=deliberation.task_id,
        kind=step.kind,
        agent_id=step.agent_id,
        role=agent.role,
        model=agent.model or deliberation.model,
        messages=(
            # What the agents of a council share comes first: the model server computes a common start only once.
            ChatMessage("system", f"You are {article} {title}. Be brief."),
            ChatMessage("user", f"{user}\n{agent.persona}"),
        ),
        max_tokens=budgets.completion(step.kind),
        temperature=_REVIEW_TEMPERATURE if judges else agent.temperature,
        deadline_ms=deliberation.step_deadline_ms,
        labels=tuple(labels),
        traceparent=deliberation.traceparent,
        agent_type=agent.agent_type,
        endpoint=agent.endpoint,
    )


def clip(text: str, chars: int) -> str:
    """`text`, or its start with a mark that something is missing, in at most `chars` characters."""
    if len(text) <= chars:
        return text
    return text[: max(chars - len(_CLIPPED), 0)].rstrip() + _CLIPPED


def _task(deliberation: Deliberation, budget: int, *, with_context: bool) -> str:
    """Task, constraints and context in at most about `budget` characters."""
    request = deliberation.request
    parts = [f"Task: {clip(request.task_description.strip(), budget // 2)}"]
    if request.constraints.requirements:
        parts.append(clip(_bullets("Requirements:", request.constraints.requirements), budget // 4))
    if request.constraints.rubric.strip():
        parts.append(clip(f"Judged by: {request.constraints.rubric.strip()}", budget // 8))
    if with_context and deliberation.context.text:
        parts.append(clip(f"What is known:\n{deliberation.context.text}", budget // 3))
    return "\n".join(parts)


def _propose(deliberation: Deliberation, budget: int) -> str:
    return f"{_task(deliberation, budget, with_context=True)}\nWrite your proposal. Put code in fenced blocks."


def _revise(deliberation: Deliberation, step: Step, budget: int) -> str:
    draft = deliberation.drafts[step.agent_id]
    comments = [
        f"{comment} ({review.marks.get(step.agent_id, '-')}/10)"
        for review in deliberation.reviews_of(step.round)
        if (comment := review.comments.get(step.agent_id))
    ]
    suite = run_checks(draft.content, deliberation.request.constraints)
    faults = [*suite.policy.violations, *suite.lint.errors]
    parts = [
        _task(deliberation, budget // 2, with_context=True),
        f"Your proposal:\n{clip(draft.content, budget // 3)}",
    ]
    if comments:
        parts.append(clip(_bullets("Reviewers say:", comments), budget // 8))
    if faults:
        parts.append(clip(_bullets("Checks found:", faults), budget // 8))
    parts.append("Write the improved proposal in full.")
    return "\n".join(parts)


def _review(deliberation: Deliberation, labels: dict[str, str], budget: int) -> str:
    share = budget * 2 // 3 // max(len(labels), 1)
    proposals = "\n".join(
        f"Proposal {label}:\n{_without_headings(clip(deliberation.drafts[author].content, share))}"
        for label, author in labels.items()
    )
    return (
        f"{_task(deliberation, budget // 3, with_context=False)}\n{proposals}\n"
        "Mark each proposal from 1 (poor) to 10 (excellent) and say its main weakness, as JSON."
    )


def _without_headings(content: str) -> str:
    """`content` without lines that would pass for the start of another one's proposal."""
    return _HEADING.sub("Proposal:", content)


def _bullets(heading: str, items: Iterable[str]) -> str:
    return "\n".join([heading, *(f"- {' '.join(item.split())}" for item in items)])
