"""The container says in its own words that it is ready."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tools.stack.runner.probes.base import Answer, Target

_MOST_CHARACTERS = 120


@dataclass(slots=True)
class LogProbe:
    """Ready when a whole line of the container's output, since it was last started, has a match for `pattern`.

    Prefer a probe that asks: a line was true when it was written.
    """

    pattern: str
    _matcher: re.Pattern[str] = field(init=False)
    _rest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        """Raises ValueError for what is no regular expression."""
        try:
            self._matcher = re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from error

    async def attempt(self, target: Target) -> Answer:
        *lines, self._rest = (self._rest + target.new_output()).split("\n")
        for line in lines:
            if self._matcher.search(line):
                return Answer(True, line.strip()[:_MOST_CHARACTERS])
        return Answer(False, f"no line of the log has a match for {self.pattern!r}")
