"""What Bazel's profile (`--profile`) says of a build's actions: which ran here, and how long the cache was waited for."""

from __future__ import annotations

import gzip
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ACTION = "action processing"
_LOOKUP = "remote action cache check"
_DOWNLOAD = "remote output download"
_UPLOAD = "Remote execution upload time"
# One of these is there when a process ran.
_RAN = ("subprocess.run", "local action execution", "Local execution process wall time")
_MICROSECONDS = 1e-6


@dataclass(slots=True)
class Kind:
    """Actions of one mnemonic: those that the cache answered for, those that ran here, and how long these took."""

    hits: int = 0
    ran: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Actions by mnemonic, and the seconds that all threads together waited for the remote cache."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    lookups: float = 0.0
    downloads: float = 0.0
    uploads: float = 0.0


def read_profile(path: Path) -> Profile:
    """Reads a profile, gzipped as Bazel writes it. Raises OSError and ValueError."""
    with gzip.open(path) as stream:
        return profile(json.load(stream)["traceEvents"])


def profile(events: Iterable[Mapping[str, Any]]) -> Profile:
    """What trace events come to; an action's thread does nothing else while it is at it."""
    spans = [event for event in events if event.get("ph") == "X"]
    actions: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: float(span["ts"])):
        if span["cat"] == _ACTION:
            actions[span["tid"]].append(span)
    asked: set[tuple[int, float]] = set()
    ran: set[tuple[int, float]] = set()
    for span in spans:
        if span["cat"] == _LOOKUP or span["cat"] in _RAN or span["name"] in _RAN:
            action = _around(span, actions[span["tid"]])
            if action:
                (asked if span["cat"] == _LOOKUP else ran).add((action["tid"], action["ts"]))
    kinds: dict[str, Kind] = defaultdict(Kind)
    for action in (action for thread in actions.values() for action in thread):
        key, mnemonic = (action["tid"], action["ts"]), action.get("args", {}).get("mnemonic", "")
        if key in ran:
            kinds[mnemonic].ran += 1
            kinds[mnemonic].seconds += action["dur"] * _MICROSECONDS
        elif key in asked:
            kinds[mnemonic].hits += 1
    return Profile(dict(kinds), *(_seconds(spans, category) for category in (_LOOKUP, _DOWNLOAD, _UPLOAD)))


def _around(span: Mapping[str, Any], actions: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The action that was at work when a span of its thread began."""
    index = bisect_right([action["ts"] for action in actions], span["ts"]) - 1
    if index < 0 or span["ts"] > actions[index]["ts"] + actions[index]["dur"]:
        return None
    return actions[index]


def _seconds(spans: Iterable[Mapping[str, Any]], category: str) -> float:
    return sum(float(span["dur"]) for span in spans if span["cat"] == category) * _MICROSECONDS
