"""Scores and ranks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.request import Constraints
from orchestrator.domain.results import RankedResult
from orchestrator.domain.review import Review
from orchestrator.domain.scoring import confidence, rank

_NO_CONSTRAINTS = Constraints()


def _review(reviewer: str, **marks: int) -> Review:
    return Review(1, reviewer, marks)


def _scores(results: tuple[RankedResult, ...]) -> dict[str, float]:
    return {result.author_id: result.score for result in results}


def test_without_reviews_only_checks_count() -> None:
    results = rank({"a": "text", "b": "```python\nreturn 1\n```"}, _NO_CONSTRAINTS, None, None)

    assert _scores(results) == {"a": 1.0, "b": 0.0}
    assert [check.check_type for check in results[0].checks.additional] == []


def test_the_weights_are_those_of_the_formula() -> None:
    constraints = Constraints(rubric="tests\nlogging", requirements=("Handle errors", "Use `def`"))
    # Rubric 0.5, checks (1 + 1 + 0.5) / 3, peers 1.
    contents = {"a": "It tests and handles errors.", "b": "nothing"}
    reviews = [_review("c", a=9, b=2)]

    score = _scores(rank(contents, constraints, reviews, None))["a"]

    assert score == pytest.approx((0.3 * 0.5 + 0.3 * 2.5 / 3 + 0.4 * 1) / 1.0, abs=1e-6)


def test_confidence_is_the_reviewers_agreement_on_each_proposal() -> None:
    same = [_review("a", b=9, c=2), _review("b", a=5, c=2), _review("c", a=5, b=9)]

    assert confidence(same) == 1.0
    assert confidence([_review("a", b=4), _review("b", a=4)]) is None
    assert confidence([]) is None


def test_a_tie_in_score_goes_to_what_passed_its_checks_however_well_the_other_is_marked() -> None:
    contents = {
        "checked": "Errors are handled.",
        "marked": "Errors are handled.\n```python\nreturn 1\n```",
        "neither": "Errors are handled.\n```python\nreturn 2\n```",
    }
    reviews = [_review("reviewer", marked=9, checked=5, neither=1)]

    results = rank(contents, Constraints(requirements=("Handle errors",)), reviews, None)

    assert results[0].score == results[1].score
    assert [result.author_id for result in results] == ["checked", "marked", "neither"]


def test_equal_proposals_are_ranked_by_lot_and_the_lot_is_the_same_each_time() -> None:
    names = [f"agent-{number}" for number in range(8)]
    firsts = {rank(dict.fromkeys(names, f"text {n}"), _NO_CONSTRAINTS, None, None)[0].author_id for n in range(60)}
    again = [rank(dict.fromkeys(order, "text"), _NO_CONSTRAINTS, None, None) for order in (names, names[::-1])]

    assert len(firsts) > 4
    assert again[0] == again[1]


_MARKS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10), max_size=5)


@settings(deadline=None)
@given(
    contents=st.dictionaries(st.sampled_from("abcde"), st.text(max_size=50), min_size=1),
    marks=st.lists(_MARKS, max_size=5),
    rubric=st.text(max_size=30),
)
def test_any_ranking_keeps_the_contract(contents: dict[str, str], marks: list[dict[str, int]], rubric: str) -> None:
    reviews = [Review(1, f"reviewer-{index}", given) for index, given in enumerate(marks)]

    results = rank(contents, Constraints(rubric=rubric), reviews, None)

    assert [result.rank for result in results] == list(range(1, len(contents) + 1))
    assert {result.author_id for result in results} == set(contents)
    scores = [result.score for result in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
