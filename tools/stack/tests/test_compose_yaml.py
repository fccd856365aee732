"""YAML is read back as it was written, by a reader that is not ours."""

from __future__ import annotations

import string

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tools.stack.runner.compose.yaml import dump

_TEXT = st.text(string.printable, max_size=12) | st.sampled_from(
    ["on", "Yes", "null", "1e3", "0x1", "~", "=", "- a", "a: b"]
)
_SCALARS = _TEXT | st.integers() | st.booleans()
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3))


@given(st.dictionaries(_TEXT, _VALUES, max_size=4))
def test_it_is_read_back_as_it_was(document: dict[str, object]) -> None:
    assert (yaml.safe_load(dump(document)) or {}) == document


def test_it_is_as_people_write_it() -> None:
    document = {"services": {"web": {"image": "localhost/a/b", "ports": ["80:80"], "command": [], "tty": True}}}
    assert dump(document).splitlines() == [
        "services:",
        "  web:",
        "    image: localhost/a/b",
        "    ports:",
        '      - "80:80"',
        "    command: []",
        "    tty: true",
    ]
