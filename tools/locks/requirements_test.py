"""requirements.lock is one that requirements.in and excludes.txt can have led to. Asks no index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from tools.locks.lock_file import LockedWheel, parse_lock, render_lock
from tools.locks.wheel_choice import choose

_FOLDER = Path(__file__).parent
_LOCK = (_FOLDER / "requirements.lock").read_text()
_WHEELS = parse_lock(_LOCK)
_BY_NAME = {wheel.pin.name: wheel for wheel in _WHEELS}


def _requirements(file: str) -> Iterator[Requirement]:
    for line in (_FOLDER / file).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text:
            yield Requirement(text)


@pytest.mark.parametrize("requirement", _requirements("requirements.in"), ids=str)
def test_what_is_asked_for_is_locked(requirement: Requirement) -> None:
    wheel = _BY_NAME.get(canonicalize_name(requirement.name))
    assert wheel is not None, f"{requirement} is not in the lock: bazel run //tools/locks:python"
    assert requirement.specifier.contains(wheel.pin.version, prereleases=True)
    assert requirement.extras <= set(wheel.pin.extras)
    assert "#   -r requirements.in" in wheel.pin.comments or "# via -r requirements.in" in wheel.pin.comments


def test_nothing_else_claims_to_be_asked_for() -> None:
    asked = {canonicalize_name(requirement.name) for requirement in _requirements("requirements.in")}
    claimed = {name for name, wheel in _BY_NAME.items() if any("-r requirements.in" in c for c in wheel.pin.comments)}
    assert claimed == asked


@pytest.mark.parametrize("requirement", _requirements("excludes.txt"), ids=str)
def test_what_is_excluded_is_not_locked(requirement: Requirement) -> None:
    assert canonicalize_name(requirement.name) not in _BY_NAME


@pytest.mark.parametrize("wheel", _WHEELS, ids=lambda wheel: wheel.pin.name)
def test_the_wheel_is_the_pins_and_fits_the_platform(wheel: LockedWheel) -> None:
    name, version, _, _ = parse_wheel_filename(wheel.file)
    assert (name, version) == (wheel.pin.name, Version(wheel.pin.version))
    assert choose([wheel.file]) == wheel.file


def test_the_lock_is_as_the_refresher_writes_it() -> None:
    assert render_lock(_WHEELS) == _LOCK
