"""The policy check: is each requirement addressed?

The rules are deterministic and claim no more than they can see:

* Text in quotes or backticks must occur in the proposal, in any case. In a requirement that forbids ("must not",
  "do not", "don't", "never", "avoid", "no …"), it must not occur.
* A requirement without quoted text is addressed when the proposal has at least half of its key terms.
* A requirement that forbids something without quoting it cannot be decided by looking at words, since a proposal may
  name a thing to rule it out. It counts neither way, and the message says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.domain.results import CheckResult, PolicyResult
from orchestrator.domain.terms import coverage, key_terms

ADDRESSED_FROM = 0.5
MAX_DETAILS = 50

_QUOTED = re.compile(r"`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)")
_FORBIDS = re.compile(
    r"\b(must not|mustn't|do not|don't|does not|should not|never|avoid|without)\b|^\s*no\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Text:
    """A proposal, in the forms that it is looked at in."""

    folded: str
    terms: frozenset[str]


def check_policy(requirements: Sequence[str], content: str) -> PolicyResult:
    """Holds `content` to each requirement."""
    violations: list[str] = []
    undecided = 0
    # Once for all requirements: a text can be long and they can be many.
    text = _Text(content.casefold(), key_terms(content))
    for number, requirement in enumerate(requirements, start=1):
        found = _violation(requirement, text)
        if found is None:
            undecided += 1
        elif found:
            violations.append(f"requirement {number} ({requirement}): {found}")
    decided = len(requirements) - undecided
    message = f"{decided - len(violations)} of {decided} requirements addressed" if requirements else "no requirements"
    if undecided:
        message += f"; {undecided} cannot be decided from the words alone"
    share = (decided - len(violations)) / decided if decided else None
    return PolicyResult(not violations, tuple(violations), message, share)


def check_rubric(rubric: str, content: str) -> CheckResult | None:
    """How far `content` has the key terms of each criterion of the rubric (one a line, or set apart by semicolons).

    The score is the mean over the criteria, and the check passes from one half; the details have the share of each of
    the first MAX_DETAILS. None without a rubric.
    """
    criteria = [part.strip(" \t-*•.") for part in re.split(r"[\n;]", rubric)]
    wanted = {criterion: terms for criterion in criteria if (terms := key_terms(criterion))}
    if not wanted:
        return None
    found = key_terms(content)
    shares = {criterion: coverage(terms, found) for criterion, terms in wanted.items()}
    score = sum(shares.values()) / len(shares)
    touched = sum(share >= ADDRESSED_FROM for share in shares.values())
    return CheckResult(
        check_type="rubric",
        passed=score >= ADDRESSED_FROM,
        score=round(score, 6),
        message=f"{touched} of {len(shares)} criteria addressed",
        details={criterion[:100]: f"{share:.2f}" for criterion, share in [*shares.items()][:MAX_DETAILS]},
    )


def _violation(requirement: str, content: _Text) -> str | None:
    """What is wrong; empty if nothing is; None if that cannot be decided."""
    forbids = _FORBIDS.search(_QUOTED.sub("", requirement)) is not None
    quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(requirement)]
    if quoted:
        wrong = [text for text in quoted if (text.casefold() in content.folded) == forbids]
        return f"{'has' if forbids else 'lacks'} {', '.join(map(repr, wrong))}" if wrong else ""
    if forbids:
        return None
    wanted = key_terms(requirement)
    if coverage(wanted, content.terms) >= ADDRESSED_FROM:
        return ""
    return f"lacks {', '.join(sorted(wanted - content.terms))}"
