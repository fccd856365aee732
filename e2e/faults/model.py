"""The model server of the fast tier, told how to behave (orchestrator/testing/openai_behaviour.py)."""

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Counts:
    """Completions since the last reset. `repeated` has the steps that were asked more than once, with how often."""

    requests: int
    answered: int
    failed: int
    aborted: int
    active: int
    most_active: int
    repeated: dict[str, int]

    @property
    def duplicates(self) -> int:
        """Requests beyond the first of each step."""
        return sum(count - 1 for count in self.repeated.values())


@dataclass(frozen=True)
class Model:
    """`url` is the server's, without /v1."""

    url: str

    def behave(self, **wish: Any) -> None:
        """As Behaviour.control has it: delay_ms, jitter, fail, count, match, hold, reset."""
        httpx.post(f"{self.url}/control", json=wish, timeout=10).raise_for_status()

    def counts(self) -> Counts:
        """What it has counted."""
        return Counts(**httpx.get(f"{self.url}/control", timeout=10).raise_for_status().json())
