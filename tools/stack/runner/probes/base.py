"""What every probe is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer to one attempt. `text` is for people: what came back, in a few words."""

    ready: bool
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """The container to ask.

    `execute` runs a command in it and returns the output or raises StackError; `secret` is a secret by its name;
    `new_output` is what it has printed since the last call, at first since its start.
    """

    address: str
    ports: dict[str, int]
    execute: Callable[[Sequence[str]], Awaitable[str]]
    secret: Callable[[str], str]
    new_output: Callable[[], str] = lambda: ""


class Probe(Protocol):
    """Asks once. Any exception counts as "not ready"; the caller bounds the time."""

    async def attempt(self, target: Target) -> Answer: ...
