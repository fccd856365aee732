"""FEATURES.md names tests, and they exist: a table of promises is worth what proves them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TEXT = (HERE.parent / "FEATURES.md").read_text()
ROWS = [
    line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| **", "| |", "| failure"))
]
TESTS = sorted(set(re.findall(r"`([\w/.]+\.py)::(\w+)`", TEXT)))
LABELS = sorted(set(re.findall(r"`//tools/stack/tests/(\w+):(\w+)`", TEXT)))


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (HERE / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize(("package", "name"), LABELS)
def test_a_label_that_is_named_exists(package: str, name: str) -> None:
    assert f'name = "{name}"' in (HERE / package / "BUILD.bazel").read_text()


@pytest.mark.parametrize("row", ROWS)
def test_every_promise_has_its_proof(row: str) -> None:
    assert re.fullmatch(r"\| [^|]+ \| `[^`]+`( \|.*)?( \|)?", row)
