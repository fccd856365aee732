"""Debian control data: stanzas of `Field: value` lines, as in Packages and control files.

Format: deb822(5).
"""

from collections.abc import Iterable, Iterator

Stanza = dict[str, str]


def stanzas(lines: Iterable[str]) -> Iterator[Stanza]:
    """Yield each stanza; a field's continuation lines are joined to it with newlines."""
    stanza: Stanza = {}
    field = ""
    for raw in lines:
        line = raw.rstrip("\n")
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza = {}
        elif line[0] in " \t":
            stanza[field] += "\n" + line.strip()
        else:
            field, _, value = line.partition(":")
            stanza[field] = value.strip()
    if stanza:
        yield stanza
