"""Writes YAML that is read back as it was: block style, strings quoted as in JSON where they need quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# What no reader of YAML takes for anything but a string.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}


def dump(document: Mapping[str, Any]) -> str:
    """The document as text: mappings keep their order, lists and mappings may be nested, keys are strings."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(value: Mapping[str, Any] | list[Any]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{_scalar(key)}:", item)
    else:
        for item in value:
            first, *rest = _lines(item) if _nests(item) else [_scalar(item)]
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _entry(head: str, item: Any) -> Iterator[str]:
    if not _nests(item):
        yield f"{head} {_scalar(item)}"
        return
    yield head
    yield from (f"  {line}" for line in _lines(item))


def _nests(item: Any) -> bool:
    return isinstance(item, Mapping | list) and bool(item)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)
