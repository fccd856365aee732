"""Tokens generated while a load lasts, and how fast the same piece of work was done by two of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """What vLLM had generated when: `times` in seconds, rising, and as many `tokens`, all since the load began."""

    times: Sequence[float]
    tokens: Sequence[float]

    def reached(self, tokens: float) -> float:
        """When so many tokens had been generated, between its two nearest samples. ValueError if they never were."""
        after = bisect_left(self.tokens, tokens)
        if after == len(self.tokens):
            raise ValueError(f"{tokens:.0f} tokens were never reached: only {max(self.tokens, default=0):.0f} were")
        if after == 0:
            return self.times[0]
        before = after - 1
        share = (tokens - self.tokens[before]) / (self.tokens[after] - self.tokens[before])
        return self.times[before] + share * (self.times[after] - self.times[before])

    def per_second(self, began: float, ended: float) -> float:
        """Tokens a second from the token `began` to the token `ended`."""
        return (ended - began) / (self.reached(ended) - self.reached(began))


def window(progress: Progress, warm_up_s: float) -> tuple[float, float]:
    """The tokens from the end of the warm-up to the last sample."""
    first = next(tokens for time, tokens in zip(progress.times, progress.tokens, strict=True) if time >= warm_up_s)
    return first, progress.tokens[-1]
