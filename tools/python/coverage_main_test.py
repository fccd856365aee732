"""The runner as Bazel starts it, on a package with its tests written here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_MAIN = Path(__file__).with_name("coverage_main.py")

_CODE = """
def size(number):
    kind = "small"
    if number > 10:
        kind = "large"
    return kind
"""

_TEST_OF_LARGE = "from things.sizes import size\ndef test_large(): assert size(11) == 'large'\n"
_TEST_OF_SMALL = "from things.sizes import size\ndef test_small(): assert size(1) == 'small'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "things").mkdir()
    (tmp_path / "things/__init__.py").touch()
    (tmp_path / "things/sizes.py").write_text(_CODE)
    return tmp_path


def _run(folder: Path, *tests: str, minimum: int = 95, package: str = "things") -> subprocess.CompletedProcess[str]:
    for number, text in enumerate(tests):
        (folder / f"things/number{number}_test.py").write_text(text)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TEST")}
    return subprocess.run(
        [sys.executable, _MAIN, f"--cover={package}", f"--minimum={minimum}", "things"],
        cwd=folder,
        env=inherited | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_that_is_covered_passes(folder: Path) -> None:
    ended = _run(folder, _TEST_OF_LARGE, _TEST_OF_SMALL, minimum=100)

    assert ended.returncode == 0
    assert "things: 100.0 % of 2 branches" in ended.stdout


def test_a_branch_that_no_test_takes_fails_though_every_line_ran(folder: Path) -> None:
    ended = _run(folder, _TEST_OF_LARGE)

    assert ended.returncode == 1
    assert "things: 100.0 % of 5 lines" in ended.stdout
    assert "things: 50.0 % of 2 branches" in ended.stdout
    assert "4->6" in ended.stdout


def test_a_module_that_no_test_imports_counts(folder: Path) -> None:
    (folder / "things/forgotten.py").write_text("a = 1\n" * 10)

    ended = _run(folder, _TEST_OF_LARGE, _TEST_OF_SMALL)

    assert ended.returncode == 1
    assert "forgotten.py" in ended.stdout


def test_a_package_that_no_test_imports_is_an_error(folder: Path) -> None:
    assert _run(folder, _TEST_OF_LARGE, package="others").returncode == 1


def test_a_test_that_fails_fails_it_however_much_it_covers(folder: Path) -> None:
    assert _run(folder, _TEST_OF_LARGE, "def test_fails(): assert 1 == 2\n", minimum=0).returncode == 1
