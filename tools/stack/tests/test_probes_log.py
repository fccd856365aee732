"""The log probe: whole lines, each judged once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tools.stack.runner.errors import ManifestError
from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes import Target, make
from tools.stack.runner.probes.wait import ask
from tools.stack.tests.samples import target


def printing(*pieces: str) -> Target:
    """A container that has printed one more of these pieces at each look."""
    output = iter([*pieces, ""])
    there = target(1)
    return Target(there.address, there.ports, there.execute, there.secret, lambda: next(output))


@pytest.mark.parametrize(
    ("pieces", "ready"),
    [
        (["starting\nready in 3 s\n"], [True]),
        (["starting\n", "ready in 3 s\n"], [False, True]),
        (["starting\nready in", " 3 s\n"], [False, True]),
        (["not ready\n", "ready in three\n", ""], [False, False, False]),
        ([""], [False]),
    ],
)
async def test_a_whole_line_with_a_match_is_ready(pieces: Sequence[str], ready: Sequence[bool]) -> None:
    probe, container = make(ProbeSpec("log", {"pattern": r"^ready in \d+ s$"})), printing(*pieces)
    answers = [await ask(probe, container, timeout=1) for _ in pieces]
    assert [answer.ready for answer in answers] == ready


async def test_it_says_what_it_looked_for_and_what_it_found() -> None:
    probe, container = make(ProbeSpec("log", {"pattern": "rea.y"})), printing("starting\n", "ready\n")
    assert "rea.y" in (await ask(probe, container, timeout=1)).text
    assert (await ask(probe, container, timeout=1)).text == "ready"


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ManifestError, match="log"):
        make(ProbeSpec("log", {"pattern": "("}))
