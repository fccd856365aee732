"""mutmut as this program runs it, on a package written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutation.results import ModuleResult, Survivor, read, table, total
from tools.mutation.run import MutmutFailed, run_mutmut
from tools.mutation.workspace import lay_out

_PACKAGE = Path("things/sizes")

_CODE = """
def large(number):
    return number > 10

def words(number):
    return "many" if number > 1 else "one"

def nobody_asks(number):
    return number + 1
"""

_TESTS = """
from things.sizes.compare import large, words
from things.sizes.forever import count

def test_large(): assert (large(10), large(11)) == (False, True)
def test_words(): assert words(5) == "many"
def test_count(): assert count(3) == 3
"""

_FOREVER = """
def count(number):
    counted = 0
    while counted != number:
        counted += 1
    return counted
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / _PACKAGE).mkdir(parents=True)
    (root / "things/__init__.py").touch()
    (root / _PACKAGE / "__init__.py").touch()
    (root / _PACKAGE / "compare.py").write_text(_CODE)
    (root / _PACKAGE / "forever.py").write_text(_FOREVER)
    (root / _PACKAGE / "sizes_test.py").write_text(_TESTS)
    (root / "tools/python").mkdir(parents=True)
    configuration = Path(__file__).parents[1] / "python/pytest.ini"
    (root / "tools/python/pytest.ini").write_text(configuration.read_text())
    return root


def _run(root: Path, *patterns: str) -> dict[str, ModuleResult]:
    scratch = root.with_name("scratch")
    scratch.mkdir()
    lay_out(root, ["things"], _PACKAGE, [_PACKAGE], 2, scratch)
    run_mutmut(scratch, root, patterns, jobs=2)
    return {Path(result.module).stem: result for result in read(scratch, _PACKAGE)}


def test_what_tests_notice_is_killed_and_what_they_do_not_is_shown(root: Path) -> None:
    results = _run(root)

    assert {survivor.how for survivor in results["compare"].survivors} == {"survived", "no tests"}
    changes = "\n".join(survivor.diff for survivor in results["compare"].survivors)
    assert '+    return "many" if number > 2 else "one"' in changes
    assert "+    return number - 1" in changes
    assert "return number >= 10" not in changes
    # A loop that never ends is noticed by the time that it takes.
    assert not [survivor for survivor in results["forever"].survivors if "+        counted -= 1" in survivor.diff]
    assert results["forever"].killed > 0
    assert "sizes_test" not in results


def test_only_what_is_asked_for_is_tried(root: Path) -> None:
    assert _run(root, "things.sizes.compare.*").keys() == {"compare"}


def test_tests_that_fail_without_a_mutant_are_said_and_nothing_is_tried(root: Path) -> None:
    (root / _PACKAGE / "broken_test.py").write_text(
        "from things.sizes.compare import large\ndef test_large(): assert not large(11), 'broken'\n"
    )

    with pytest.raises(MutmutFailed) as raised:
        _run(root)
    assert "broken" in str(raised.value)


def test_the_table_has_each_module_and_the_whole() -> None:
    results = [ModuleResult("a.py", 3, (Survivor("x", "survived", ""),)), ModuleResult("long.py", 4, ())]

    assert [line.split() for line in table(results).splitlines()[1:]] == [
        ["a.py", "4", "3", "1", "75.0", "%"],
        ["long.py", "4", "4", "0", "100.0", "%"],
        ["all", "8", "7", "1", "87.5", "%"],
    ]
    assert total([]).percent == 100
