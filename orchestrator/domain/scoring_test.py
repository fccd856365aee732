"""Scores and ranks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.request import Constraints
from orchestrator.domain.results import RankedResult
from orchestrator.domain.review import Review
from orchestrator.domain.scoring import agreement, rank

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


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        pytest.param([_review("c", a=9, b=2)], {"a": 1.0, "b": 0.0}, id="a rank among two"),
        pytest.param([_review("c", a=5, b=5)], {"a": 0.5, "b": 0.5}, id="equal marks share their rank"),
        pytest.param([_review("b", a=10), _review("a", b=1)], {"a": 1.0, "b": 0.0}, id="alone, the mark counts"),
        pytest.param([], {"a": 0.5, "b": 0.5}, id="nobody marked it"),
        pytest.param([_review("c", a=9, b=2), _review("d", a=1, b=3)], {"a": 0.5, "b": 0.5}, id="mean over reviewers"),
    ],
)
def test_peer_scores(reviews: list[Review], expected: dict[str, float]) -> None:
    results = rank({"a": "x", "b": "x"}, _NO_CONSTRAINTS, reviews, None)
    scores = {
        result.author_id: next(c.score for c in result.checks.additional if c.check_type == "peer_review")
        for result in results
    }

    assert scores == expected


def test_a_proposal_that_nobody_marked_does_not_pass_its_review() -> None:
    results = rank({"a": "x", "b": "x"}, _NO_CONSTRAINTS, [_review("b", a=7)], None)

    assert {result.author_id: result.checks.all_passed for result in results} == {"a": True, "b": False}


def test_the_architect_weighs_as_much_as_the_peers() -> None:
    results = rank({"a": "x", "b": "x"}, _NO_CONSTRAINTS, [_review("c", a=9, b=1)], _review("architect", a=1, b=9))

    assert _scores(results)["a"] == _scores(results)["b"]
    assert [c.check_type for c in results[0].checks.additional] == ["peer_review", "architect_review"]


@pytest.mark.parametrize(
    ("contents", "reviews", "order"),
    [
        pytest.param({"b": "x", "a": "x"}, [], ["a", "b"], id="by author at last"),
        pytest.param(
            {"a": "x", "b": "x"},
            [_review("c", a=4, b=3), _review("d", a=3, b=9)],
            ["b", "a"],
            id="by mean mark before that",
        ),
        pytest.param({"a": "x", "b": "x"}, [_review("c", b=5, z=5)], ["b", "a"], id="passed first"),
    ],
)
def test_ties_are_broken_the_same_way_each_time(
    contents: dict[str, str], reviews: list[Review], order: list[str]
) -> None:
    assert [result.author_id for result in rank(contents, _NO_CONSTRAINTS, reviews, None)] == order


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([], None),
        ([_review("a", b=4), _review("b", a=4)], None),
        ([_review("a", c=4), _review("b", c=4)], 1.0),
        ([_review("a", c=1), _review("b", c=10)], 0.0),
        ([_review("a", c=1, d=5), _review("b", c=10, d=5)], 0.5),
    ],
)
def test_agreement(reviews: list[Review], expected: float | None) -> None:
    assert agreement(reviews) == expected


_MARKS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10), max_size=5)


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
