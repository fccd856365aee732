"""Dataclasses as JSON and back, as they are kept in Redis and sent over NATS.

Reads tolerantly, so that versions of the service can share a store: a field that is missing takes its default, one
that is not known is ignored.
"""

import dataclasses
import json
import types
from collections.abc import Mapping
from collections.abc import Mapping as AbstractMapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class MalformedDocument(ValueError):
    """A document that is not JSON, or not of the wanted form."""


def encode(value: object) -> str:
    """A dataclass instance as compact JSON."""
    return json.dumps(dataclasses.asdict(value), separators=(",", ":"))  # type: ignore[call-overload]


def decode(kind: type[T], document: str | bytes) -> T:
    """The instance of the dataclass `kind` in a document. Raises MalformedDocument."""
    try:
        value: T = _build(kind, json.loads(document))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedDocument(f"not a {kind.__name__}: {error}") from error
    return value


@cache
def _fields(kind: type[Any]) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _build(kind: Any, value: Any) -> Any:
    """`value` as decoded from JSON, as an instance of `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _build(next(a for a in arguments if a is not types.NoneType), value)
    if origin is tuple:
        return tuple(_build(arguments[0], item) for item in _expect(list, value))
    if origin is list:
        return [_build(arguments[0], item) for item in _expect(list, value)]
    if origin in (dict, AbstractMapping):
        return {_build(str, key): _build(arguments[1], item) for key, item in _expect(dict, value).items()}
    if dataclasses.is_dataclass(kind):
        given = _expect(dict, value)
        hints = _fields(kind)  # type: ignore[arg-type]
        values = {name: _build(hint, given[name]) for name, hint in hints.items() if name in given}
        return kind(**values)  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float:
        return float(value)
    if kind is str:
        # An escape can name half of a character, which nothing that the text is passed on to would take.
        _expect(str, value).encode()
    return _expect(kind, value)


def _expect(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
