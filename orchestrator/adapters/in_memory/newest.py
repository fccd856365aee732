"""Bounds on memory: nothing that is kept here expires by itself."""

from collections import UserDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

KEEP = 1000


class Newest(UserDict[K, V]):
    """A mapping that forgets its oldest keys when it would have more than `keep`."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        super().__init__()

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        while len(self.data) > self._keep:
            del self.data[next(iter(self.data))]
