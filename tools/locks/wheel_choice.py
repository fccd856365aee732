"""Which of a release's wheels an installer takes on the platform that the lock is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

PYTHON = (3, 11)
GLIBC_MINOR = 36
ARCHITECTURE = "x86_64"

# PEP 600's aliases of the older names.
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


def _platforms() -> Iterator[str]:
    for minor in range(GLIBC_MINOR, 4, -1):
        yield f"manylinux_2_{minor}_{ARCHITECTURE}"
        if alias := _ALIASES.get(minor):
            yield f"{alias}_{ARCHITECTURE}"
    yield f"linux_{ARCHITECTURE}"


def supported_tags() -> list[Tag]:
    """The platform's tags, the most specific first, in the order of PEP 425 as installers apply it."""
    platforms = list(_platforms())
    interpreter = f"cp{PYTHON[0]}{PYTHON[1]}"
    return [*cpython_tags(PYTHON, platforms=platforms), *compatible_tags(PYTHON, interpreter, platforms)]


def choose(files: Iterable[str]) -> str | None:
    """The wheel with the most specific tag, of several the one with the highest build number; None when none fits."""
    rank = {tag: index for index, tag in enumerate(supported_tags())}
    fitting = []
    for file in files:
        _, _, build, tags = parse_wheel_filename(file)
        ranks = [rank[tag] for tag in tags if tag in rank]
        if ranks:
            fitting.append((-min(ranks), build, file))
    return max(fitting)[2] if fitting else None
