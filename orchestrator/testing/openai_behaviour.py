"""How the deterministic chat server behaves: how long it takes, how it fails, and what it has counted."""

import asyncio
import enum
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.testing.openai_text import digest

Answer = tuple[int, object]

_KEPT_REQUESTS = 256


def _open() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


class Failure(enum.StrEnum):
    """Ways to fail a completion."""

    REFUSE = "refuse"  # hangs up without an answer
    ERROR = "error"  # HTTP 503
    HANG = "hang"  # never answers
    GARBAGE = "garbage"  # HTTP 200 and no JSON
    NONSENSE = "nonsense"  # a completion whose text has not the form that was asked for
    EMPTY = "empty"  # a completion without text


@dataclass
class Trouble:
    """Completions fail by `failure`: the next `count` (None: all) whose prompt contains `match`."""

    failure: Failure
    count: int | None = None
    match: str = ""

    def strikes(self, body: Mapping[str, Any]) -> bool:
        """Whether this request is to fail; counts it if so."""
        if self.count == 0 or not any(self.match in message["content"] for message in body["messages"]):
            return False
        if self.count is not None:
            self.count -= 1
        return True


@dataclass
class Counts:
    """Completions since the start or the last reset.

    A request is answered, failed on purpose, or aborted by the client, which is a client that hung up first.
    """

    requests: int = 0
    answered: int = 0
    failed: int = 0
    aborted: int = 0
    active: int = 0
    most_active: int = 0
    by_request_id: Counter[str] = field(default_factory=Counter)

    def begin(self, request_id: str) -> None:
        """A request arrives; `request_id` is the client's own, which names it also when it is made again."""
        self.requests += 1
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        self.by_request_id[request_id] += 1

    def document(self) -> dict[str, object]:
        """For JSON: the counts, and the request ids that came more than once."""
        counts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "by_request_id"}
        return counts | {"repeated": {name: count for name, count in self.by_request_id.items() if count > 1}}


@dataclass
class Behaviour:
    """What the server does.

    A completion takes `delay_s`, give or take a share of up to `jitter` that follows from the request. `script` takes
    the request's body and returns status and document, or None for text. While `gate` is not set, completions are held
    before that time begins. `requests` has the latest bodies, and `traceparents` the headers
    by which they continue a trace (None: without).
    """

    model: str
    delay_s: float = 0.0
    jitter: float = 0.0
    script: Callable[[Mapping[str, Any]], Answer | None] = lambda body: None
    trouble: Trouble | None = None
    gate: asyncio.Event = field(default_factory=_open)
    requests: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    traceparents: deque[str | None] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    counts: Counts = field(default_factory=Counts)

    def delay_of(self, body: Mapping[str, Any]) -> float:
        """Seconds that this completion takes."""
        return self.delay_s * (1 + self.jitter * (digest(body) / 2**31 - 1))

    def control(self, wish: Mapping[str, Any]) -> None:
        """Changes what `wish` names. Raises ValueError for what cannot be.

        {"delay_ms": 200, "jitter": 0.5}; {"fail": "hang", "count": 3, "match": "text"} for the next three with that
        text, without count for all; {"fail": null} to be well again; {"hold": true} to hold completions until
        {"hold": false}; {"reset": true} to start as new, counts included.
        """
        unknown = wish.keys() - {"delay_ms", "jitter", "fail", "count", "match", "hold", "reset"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        delay_s, jitter = (
            float(wish.get("delay_ms", self.delay_s * 1000)) / 1000,
            float(wish.get("jitter", self.jitter)),
        )
        if delay_s < 0 or not 0 <= jitter <= 1:
            raise ValueError("a delay is not below 0, and jitter from 0 to 1")
        trouble = self.trouble
        if "fail" in wish or wish.get("reset"):
            fail = wish.get("fail")
            trouble = Trouble(Failure(fail), wish.get("count"), str(wish.get("match", ""))) if fail else None
        if wish.get("reset"):
            delay_s, jitter = float(wish.get("delay_ms", 0)) / 1000, float(wish.get("jitter", 0))
            self.counts = Counts(active=self.counts.active, most_active=self.counts.active)
        if "hold" in wish or wish.get("reset"):
            (self.gate.clear if wish.get("hold") else self.gate.set)()
        self.delay_s, self.jitter, self.trouble = delay_s, jitter, trouble
