"""Order of Debian package versions.

Source: Debian Policy 5.6.12. A version is `[epoch:]upstream[-revision]`; each part is compared
as alternating runs of non-digits and digits, where `~` sorts before everything, even the end.
"""

import re
from functools import total_ordering
from itertools import zip_longest


def _character_weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def _runs(part: str) -> list[tuple[list[int], int]]:
    """`1.2~rc1` as pairs of (weights of the non-digits, number), each list closed by 0, the end."""
    pairs = re.findall(r"(\D*)(\d*)", part)
    return [([*map(_character_weight, text), 0], int(digits or "0")) for text, digits in pairs]


@total_ordering
class Version:
    """A Debian version that compares as dpkg compares it."""

    def __init__(self, text: str) -> None:
        epoch, colon, rest = text.partition(":")
        if not colon:
            epoch, rest = "0", text
        upstream, dash, revision = rest.rpartition("-")
        if not dash:
            upstream, revision = rest, ""
        self.text = text
        self._parts = (_runs(upstream), _runs(revision))
        self._epoch = int(epoch)

    def __repr__(self) -> str:
        return f"Version({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._compare(other) == 0

    def __lt__(self, other: "Version") -> bool:
        return self._compare(other) < 0

    def __hash__(self) -> int:
        return hash(self._epoch)

    def satisfies(self, relation: str, other: "Version") -> bool:
        """Whether `self RELATION other` holds, for a relation of Debian Policy 7.1."""
        order = self._compare(other)
        return {
            "<<": order < 0,
            "<=": order <= 0,
            "=": order == 0,
            ">=": order >= 0,
            ">>": order > 0,
        }[relation]

    def _compare(self, other: "Version") -> int:
        if self._epoch != other._epoch:
            return self._epoch - other._epoch
        end: tuple[list[int], int] = ([0], 0)
        for mine, theirs in zip(self._parts, other._parts, strict=True):
            for left, right in zip_longest(mine, theirs, fillvalue=end):
                if left != right:
                    return -1 if left < right else 1
        return 0
