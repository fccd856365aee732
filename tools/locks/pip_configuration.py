"""Where the machine's pip looks for distributions: the resolver must look there too."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass

# The one thing that `pip config` doesn't tell: the index that is asked when none is configured.
from pip._internal.models.index import PyPI

# Later ones win, as in pip.
_SECTIONS = ("global", "download", ":env:")


@dataclass(frozen=True)
class Sources:
    """Indexes in the order in which they are asked, folders and pages with links, and a file of certificates."""

    indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    certificates: str | None


def parse(listing: str) -> Sources:
    """Reads what `pip config list` prints: one `section.option='value'` a line."""
    options: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        key, equals, value = line.partition("=")
        section, dot, option = key.rpartition(".")
        if equals and dot and section in options:
            options[section][option] = str(ast.literal_eval(value))
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged |= options[section]
    return Sources(
        indexes=(merged.get("index-url", PyPI.simple_url), *merged.get("extra-index-url", "").split()),
        find_links=tuple(merged.get("find-links", "").split()),
        certificates=merged.get("cert"),
    )


def read() -> Sources:
    """Asks pip for its configuration files and PIP_ variables, merged."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    return parse(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
