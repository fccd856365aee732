"""The wheel that an installer would take."""

from __future__ import annotations

import pytest

from tools.locks.wheel_choice import choose


def test_the_most_specific_wheel_wins() -> None:
    files = [
        "yarl-1.0-py3-none-any.whl",
        "yarl-1.0-cp39-abi3-manylinux_2_17_x86_64.whl",
        "yarl-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ]
    assert choose(files) == files[2]
    assert choose(files[:2]) == files[1]


def test_the_newest_c_library_that_the_platform_has_wins() -> None:
    old, new, newer = (f"x-1.0-cp311-cp311-manylinux_2_{minor}_x86_64.whl" for minor in (17, 36, 37))
    assert choose([old, newer, new]) == new


def test_of_two_builds_the_later_one_wins() -> None:
    assert choose(["x-1.0-1-py3-none-any.whl", "x-1.0-2-py3-none-any.whl"]) == "x-1.0-2-py3-none-any.whl"


@pytest.mark.parametrize(
    "file",
    [
        "x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "x-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",
        "x-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
        "x-1.0-cp311-cp311-macosx_11_0_arm64.whl",
    ],
)
def test_what_the_platform_cannot_run_is_not_chosen(file: str) -> None:
    assert choose([file]) is None
