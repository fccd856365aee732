"""Peer reviews: who sees which proposals under which label, the form of the answer, and how it is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LOWEST_MARK = 1
HIGHEST_MARK = 10
MAX_COMMENT = 160

# Some labels' marks and comments take a tenth of this. What no model was asked for is not read.
_MAX_ANSWER = 10_000
# A model that stops in mid-sentence leaves at most one broken value at the end.
_MAX_REPAIRS = 400


class InvalidReview(ValueError):
    """An answer from which no mark can be read."""


@dataclass(frozen=True)
class ReviewAnswer:
    """What a reviewer said, by label."""

    marks: Mapping[str, int]
    comments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Review:
    """What a reviewer said in a round, by author. Marks go from 1 to 10."""

    round: int
    reviewer_id: str
    marks: Mapping[str, int]
    comments: Mapping[str, str] = field(default_factory=dict)


def ballot(reviewer_id: str, authors: Sequence[str]) -> dict[str, str]:
    """Which author stands behind which label for this reviewer: never itself, each reviewer in another order.

    The order starts after the reviewer's own place and goes round, so that no proposal is always first.
    """
    start = authors.index(reviewer_id) + 1 if reviewer_id in authors else 0
    rotated = [*authors[start:], *authors[:start]]
    others = [author for author in rotated if author != reviewer_id]
    return {_label(index): author for index, author in enumerate(others)}


def _label(index: int) -> str:
    """A, B … Z, AA, AB …"""
    before, last = divmod(index, 26)
    return (_label(before - 1) if before else "") + chr(ord("A") + last)


def answer_schema(labels: Sequence[str]) -> dict[str, object]:
    """JSON schema of an answer. Marks come first: a text that is cut off has lost comments, not marks."""
    mark = {"type": "integer", "enum": list(range(LOWEST_MARK, HIGHEST_MARK + 1))}
    comment = {"type": "string", "maxLength": MAX_COMMENT}
    return _closed_object(
        {
            "marks": _closed_object(dict.fromkeys(labels, mark)),
            "comments": _closed_object(dict.fromkeys(labels, comment)),
        }
    )


def parse_answer(text: str, labels: Sequence[str]) -> ReviewAnswer:
    """Reads an answer, also one that was cut off. Labels without a usable mark are left out.

    Raises InvalidReview when no label has one.
    """
    document = _complete_json(text)
    if not isinstance(document, dict):
        raise InvalidReview("the review is not a JSON object")
    marks, comments = document.get("marks"), document.get("comments")
    read = {label: mark for label in labels if isinstance(marks, dict) and (mark := _mark(marks.get(label)))}
    if not read:
        raise InvalidReview(f"the review has no mark from {LOWEST_MARK} to {HIGHEST_MARK} for any proposal")
    said = {
        label: _writable(comment.strip()[:MAX_COMMENT])
        for label in labels
        if isinstance(comments, dict) and isinstance(comment := comments.get(label), str) and comment.strip()
    }
    return ReviewAnswer(read, said)


def _writable(text: str) -> str:
    """`text` without the half characters that JSON can hold and UTF-8 cannot: it goes into prompts."""
    return text.encode(errors="replace").decode()


def _closed_object(properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _mark(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and LOWEST_MARK <= value <= HIGHEST_MARK:
        return value
    return None


def _complete_json(text: str) -> object:
    """The value in `text`, or in its longest start that closing what is open makes whole; None if there is none."""
    text = text.strip()[:_MAX_ANSWER]
    for end in range(len(text), max(len(text) - _MAX_REPAIRS, 0), -1):
        try:
            value: object = json.loads(text[:end] + _closers(text[:end]))
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _closers(text: str) -> str:
    """What must follow `text` to close its open string, objects and arrays."""
    open_: list[str] = []
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            open_.append("}" if character == "{" else "]")
        elif character in "}]" and open_:
            open_.pop()
    return ('"' if in_string else "") + "".join(reversed(open_))
