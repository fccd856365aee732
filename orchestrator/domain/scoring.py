"""Scores and ranks.

A proposal's score is the weighted mean of the components that it has, each in [0, 1]:

    rubric 0.3     how far it has the rubric's terms (policy.check_rubric); absent without a rubric
    checks 0.3     mean of: share of requirements addressed (if any can be decided), lint passed, dry run passed
    peers 0.4      mean normalised rank over the reviewers of the last round; absent without reviews
    architect 0.4  the architect's normalised rank; absent without architect selection

The weights of absent components are left out, so the score stays in [0, 1]. A reviewer ranks the m proposals that it
marked (equal marks share their mean rank, as in Kendall's treatment of ties); rank q is normalised to
1 - (q - 1) / (m - 1). With m = 1 a rank says nothing and the mark itself is used: (mark - 1) / 9.
A proposal that nobody marked gets the neutral 0.5.

Ties in score are broken by the checks: first all passed, then the higher checks component; then by the mean mark; and at
last by lot: a hash of author and text, so that no author is favoured for its name, and a repeat gives the same order.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.domain.agreement import alpha
from orchestrator.domain.code_checks import check_code
from orchestrator.domain.policy import check_policy, check_rubric
from orchestrator.domain.request import Constraints
from orchestrator.domain.results import CheckResult, CheckSuite, RankedResult
from orchestrator.domain.review import HIGHEST_MARK, LOWEST_MARK, Review

_WEIGHTS = {"rubric": 0.3, "checks": 0.3, "peers": 0.4, "architect": 0.4}
_NEUTRAL = 0.5
_MARK_SPAN = HIGHEST_MARK - LOWEST_MARK


def run_checks(content: str, constraints: Constraints) -> CheckSuite:
    """Policy, lint, dry run and rubric of one text."""
    lint, dryrun = check_code(content)
    rubric = check_rubric(constraints.rubric, content)
    policy = check_policy(constraints.requirements, content)
    return CheckSuite(policy, lint, dryrun, (rubric,) if rubric else ())


def rank(
    contents: Mapping[str, str],
    constraints: Constraints,
    peer_reviews: Sequence[Review] | None,
    architect_review: Review | None,
) -> tuple[RankedResult, ...]:
    """Checks, scores and ranks the proposals (text by author), best first.

    `peer_reviews` are those of the last round, or None where there was no peer review.
    """
    scored: list[tuple[tuple[float | bool | str, ...], RankedResult]] = []
    for author, content in contents.items():
        suite = run_checks(content, constraints)
        components = {"checks": _checks_score(suite)}
        components.update({check.check_type: check.score for check in suite.additional})
        additional = list(suite.additional)
        if peer_reviews is not None:
            components["peers"] = _peer_score(author, peer_reviews)
            additional.append(_review_check("peer_review", author, peer_reviews, components["peers"]))
        if architect_review is not None:
            components["architect"] = _peer_score(author, (architect_review,))
            additional.append(_review_check("architect_review", author, (architect_review,), components["architect"]))
        result = RankedResult(author, replace(suite, additional=tuple(additional)), _weighted(components), 0)
        mean_mark = _mean_mark(author, peer_reviews or ())
        order = (-result.score, not result.checks.all_passed, -components["checks"], -mean_mark, _lot(author, content))
        scored.append((order, result))
    scored.sort(key=lambda pair: pair[0])
    return tuple(replace(result, rank=place) for place, (_, result) in enumerate(scored, start=1))


def confidence(reviews: Sequence[Review]) -> float | None:
    """How far the reviewers agree, in [0, 1] (agreement.alpha). None where no proposal has two marks."""
    authors = {author for review in reviews for author in review.marks}
    return alpha([_marks(author, reviews) for author in sorted(authors)])


def _weighted(components: Mapping[str, float]) -> float:
    total = sum(_WEIGHTS[name] for name in components)
    return round(sum(_WEIGHTS[name] * value for name, value in components.items()) / total, 6)


def _checks_score(suite: CheckSuite) -> float:
    parts = [float(suite.lint.passed), float(suite.dryrun.passed)]
    if suite.policy.coverage is not None:
        parts.append(suite.policy.coverage)
    return sum(parts) / len(parts)


def _lot(author: str, content: str) -> str:
    return hashlib.sha256(json.dumps([author, content]).encode()).hexdigest()


def _marks(author: str, reviews: Sequence[Review]) -> list[int]:
    return [review.marks[author] for review in reviews if author in review.marks]


def _mean_mark(author: str, reviews: Sequence[Review]) -> float:
    marks = _marks(author, reviews)
    return sum(marks) / len(marks) if marks else 0.0


def _peer_score(author: str, reviews: Sequence[Review]) -> float:
    places = [_place(author, review) for review in reviews if author in review.marks]
    return sum(places) / len(places) if places else _NEUTRAL


def _place(author: str, review: Review) -> float:
    """The author's normalised rank in one review."""
    own = review.marks[author]
    others = [mark for other, mark in review.marks.items() if other != author]
    if not others:
        return (own - LOWEST_MARK) / _MARK_SPAN
    rank_ = 1 + sum(mark > own for mark in others) + sum(mark == own for mark in others) / 2
    return 1 - (rank_ - 1) / len(others)


def _review_check(check_type: str, author: str, reviews: Sequence[Review], score: float) -> CheckResult:
    marks = _marks(author, reviews)
    return CheckResult(
        check_type=check_type,
        passed=bool(marks),
        score=round(score, 6),
        message=f"marked by {len(marks)} of {sum(review.reviewer_id != author for review in reviews)} reviewers",
        details={"marks": ",".join(map(str, marks)), "mean_mark": f"{_mean_mark(author, reviews):.2f}"},
    )
