"""Dataclasses as JSON and back, as they are kept in Redis and sent over NATS.

Reads tolerantly, so that versions of the service can share a store: a field that is missing takes its default, one
that is not known is ignored.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class MalformedDocument(ValueError):
    """A document that is not JSON, or not of the wanted form."""


def encode(value: object) -> bytes:
    """A dataclass instance as compact JSON."""
    return msgspec.json.encode(value)


def decode(kind: type[T], document: str | bytes) -> T:
    """The instance of the dataclass `kind` in a document. Raises MalformedDocument."""
    try:
        value: T = _decoder(kind).decode(document)  # type: ignore[arg-type]
    except (ValueError, RecursionError) as error:
        raise MalformedDocument(f"not a {kind.__name__}: {error}") from error
    return value


@cache
def _decoder(kind: type[Any]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)
