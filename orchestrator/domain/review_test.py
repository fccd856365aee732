"""Ballots, and how answers are read, whole or broken."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.review import MAX_COMMENT, InvalidReview, ReviewAnswer, answer_schema, ballot, parse_answer

_LABELS = ("A", "B")


@pytest.mark.parametrize(
    ("reviewer", "order"),
    [
        ("one", {"A": "two", "B": "three"}),
        ("two", {"A": "three", "B": "one"}),
        ("three", {"A": "one", "B": "two"}),
        ("architect", {"A": "one", "B": "two", "C": "three"}),
    ],
)
def test_nobody_sees_its_own_proposal_and_the_order_rotates(reviewer: str, order: dict[str, str]) -> None:
    assert ballot(reviewer, ("one", "two", "three")) == order


def test_after_26_proposals_labels_have_two_letters() -> None:
    labels = [*ballot("architect", [f"agent-{number}" for number in range(54)])]

    assert labels[:27] == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA"]
    assert labels[-2:] == ["BA", "BB"]


@pytest.mark.parametrize(
    ("text", "marks", "comments"),
    [
        pytest.param(
            '{"marks": {"A": 7, "B": 10}, "comments": {"A": "ok", "B": " "}}',
            {"A": 7, "B": 10},
            {"A": "ok"},
            id="whole",
        ),
        pytest.param(
            '{"marks": {"A": 7, "B": 3}, "comments": {"A": "no te', {"A": 7, "B": 3}, {"A": "no te"}, id="cut"
        ),
        pytest.param('{"marks": {"A": 7, "B": 3}, "comm', {"A": 7, "B": 3}, {}, id="cut within a name"),
        pytest.param('{"marks": {"A": 7, "B', {"A": 7}, {}, id="cut within the marks"),
        pytest.param(
            '{"marks": {"A": 7, "B": 3}, "comments": {"A": "a\\', {"A": 7, "B": 3}, {"A": "a"}, id="in an escape"
        ),
        pytest.param('{"marks": {"A": 7, "B": 99, "Z": 1}}', {"A": 7}, {}, id="marks out of range or for nobody"),
        pytest.param('{"marks": {"A": 7, "B": true}, "comments": 3}', {"A": 7}, {}, id="values of other kinds"),
        pytest.param(' {"marks": {"A": 7}}\n\n ', {"A": 7}, {}, id="blanks around it"),
    ],
)
def test_answers_that_can_be_read(text: str, marks: dict[str, int], comments: dict[str, str]) -> None:
    assert parse_answer(text, _LABELS) == ReviewAnswer(marks, comments)


@pytest.mark.parametrize(
    "text", ["", "well", "[1, 2]", "7", "{}", '{"marks": {}}', '{"marks": {"A": 0}}', '{"mar', '{"marks": [7]}']
)
def test_answers_without_a_mark(text: str) -> None:
    with pytest.raises(InvalidReview):
        parse_answer(text, _LABELS)


def test_a_deeply_nested_answer_is_refused() -> None:
    with pytest.raises(InvalidReview):
        parse_answer('{"a":' * 5000, _LABELS)


def test_long_comments_are_cut() -> None:
    text = json.dumps({"marks": {"A": 1}, "comments": {"A": "x" * 1000}})

    assert len(parse_answer(text, _LABELS).comments["A"]) == MAX_COMMENT


def test_the_schema_asks_for_marks_first_and_allows_nothing_else() -> None:
    schema = answer_schema(_LABELS)

    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == ["marks", "comments"]
    assert schema["additionalProperties"] is False
    assert properties["marks"]["properties"]["A"]["enum"] == list(range(1, 11))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_can_do_more_than_be_refused(text: str) -> None:
    try:
        answer = parse_answer(text, _LABELS)
    except InvalidReview:
        return
    assert answer.marks


@settings(deadline=None)
@given(st.integers(1, 200))
def test_a_cut_never_changes_a_mark_that_is_complete(length: int) -> None:
    whole = '{"marks": {"A": 7, "B": 4}, "comments": {"A": "fine \\"so\\" far", "B": "no"}}'
    try:
        marks = parse_answer(whole[:length], _LABELS).marks
    except InvalidReview:
        return
    assert marks.items() <= {"A": 7, "B": 4}.items()


def test_the_schema_is_what_the_model_server_is_held_to() -> None:
    def closed(properties: dict[str, object]) -> dict[str, object]:
        return {
            "type": "object",
            "properties": properties,
            "required": [*properties],
            "additionalProperties": False,
        }

    mark = {"type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
    comment = {"type": "string", "maxLength": MAX_COMMENT}
    assert answer_schema(["A"]) == closed({"marks": closed({"A": mark}), "comments": closed({"A": comment})})


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(', "more": [1, 2', id="in an array"),
        pytest.param(', "more": [[{"x": [1', id="in arrays and objects"),
        pytest.param(', "more": ["}", {"]": "[', id="brackets in strings open nothing"),
        pytest.param(', "more": [1], "even more": {"a": 1}, "last": [', id="what is closed stays closed"),
        pytest.param(', "more": "say \\"A\\" {[', id="quotes in a string do not end it"),
        pytest.param(', "more": "back\\\\", "next": "', id="an escaped backslash escapes nothing"),
        pytest.param(', "more": "uni\\u00', id="in an escape of four digits"),
    ],
)
def test_a_cut_anywhere_is_mended(rest: str) -> None:
    text = '{"marks": {"A": 7, "B": 4}, "comments": {"A": "fine"}' + rest

    assert parse_answer(text, _LABELS) == ReviewAnswer({"A": 7, "B": 4}, {"A": "fine"})


def test_of_a_text_that_goes_on_and_on_only_the_start_is_read() -> None:
    began = time.process_time()

    assert parse_answer('{"marks": {"A": 7}, "comments": {"A": "' + "[{" * 500_000, _LABELS).marks == {"A": 7}
    with pytest.raises(InvalidReview):
        parse_answer(" " * 1_000_000 + '{"x' * 500_000, _LABELS)

    assert time.process_time() - began < 5


def test_a_comment_can_always_be_written_as_utf_8() -> None:
    answer = parse_answer('{"marks": {"A": 5}, "comments": {"A": "half a \\ud800 character"}}', ("A",))

    assert answer.comments == {"A": "half a ? character"}
