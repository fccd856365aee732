"""Bounds that the fields of a request are held to: each check yields a violation that names the field, or nothing."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.domain.errors import FieldViolation


def too_long(name: str, text: str, limit: int) -> Iterator[FieldViolation]:
    """`text` must have at most `limit` characters."""
    if len(text) > limit:
        yield FieldViolation(name, f"has {len(text)} characters, more than {limit}")


def too_many(name: str, count: int, limit: int) -> Iterator[FieldViolation]:
    """There must be at most `limit` entries."""
    if count > limit:
        yield FieldViolation(name, f"has {count} entries, more than {limit}")


def out_of_range(name: str, value: int, low: int, high: int) -> Iterator[FieldViolation]:
    """`value` must lie from `low` to `high`, both included."""
    if not low <= value <= high:
        yield FieldViolation(name, f"is {value}, not from {low} to {high}")


def bad_texts(name: str, texts: Sequence[str], count: int, limit: int) -> Iterator[FieldViolation]:
    """There must be at most `count` texts, none of them empty or longer than `limit` characters."""
    yield from too_many(name, len(texts), count)
    for index, text in enumerate(texts):
        entry = f"{name}[{index}]"
        if not text.strip():
            yield FieldViolation(entry, "must not be empty")
        yield from too_long(entry, text, limit)


def bad_labels(name: str, labels: Mapping[str, str], count: int, limit: int) -> Iterator[FieldViolation]:
    """There must be at most `count` labels, with keys and values of at most `limit` characters."""
    yield from too_many(name, len(labels), count)
    for key, value in labels.items():
        yield from too_long(name, key, limit)
        yield from too_long(name, value, limit)
