"""Reading and writing the lock's format."""

from __future__ import annotations

import pytest

from tools.locks.lock_file import HEADER, LockedWheel, LockError, Pin, parse_lock, parse_pins, render_lock

_RESOLVED = """\
attrs==26.1.0
    # via
    #   aiohttp
    #   ray
ray[default]==2.60.0
    # via -r requirements.in
"""

_WHEELS = [
    LockedWheel(Pin("ray", ("default",), "2.60.0", ("# via -r requirements.in",)), "ray-2.60.0-cp311.whl", "b" * 64),
    LockedWheel(Pin("attrs", (), "26.1.0", ("# via ray",)), "attrs-26.1.0-py3-none-any.whl", "a" * 64),
]


def test_pins_carry_extras_and_who_asked_for_them() -> None:
    attrs, ray = parse_pins(_RESOLVED)
    assert attrs == Pin("attrs", (), "26.1.0", ("# via", "#   aiohttp", "#   ray"))
    assert ray == Pin("ray", ("default",), "2.60.0", ("# via -r requirements.in",))


def test_a_lock_reads_back_as_it_was_written_in_order_of_names() -> None:
    assert parse_lock(render_lock(_WHEELS)) == _WHEELS[::-1]


def test_the_previous_lock_is_what_the_resolver_can_read_as_pins() -> None:
    assert parse_pins(render_lock(_WHEELS)) == [wheel.pin for wheel in _WHEELS[::-1]]


@pytest.mark.parametrize("line", ["attrs>=26", "attrs==26.1.0 ; sys_platform == 'linux'", "-e ."])
def test_what_is_not_a_plain_pin_is_refused(line: str) -> None:
    with pytest.raises(LockError):
        parse_pins(line)


@pytest.mark.parametrize(
    "details",
    ["", f"    --hash=sha256:{'a' * 64}\n", "    # wheel: attrs-26.1.0-py3-none-any.whl\n"],
    ids=["neither", "no wheel", "no hash"],
)
def test_a_lock_needs_a_hash_and_a_wheel_for_each_pin(details: str) -> None:
    with pytest.raises(LockError):
        parse_lock(f"{HEADER}attrs==26.1.0 \\\n{details}")


def test_two_hashes_for_one_pin_are_refused() -> None:
    hashes = "".join(f"    --hash=sha256:{digit * 64} \\\n" for digit in "ab")
    with pytest.raises(LockError):
        parse_lock(f"attrs==26.1.0 \\\n{hashes}    # wheel: attrs-26.1.0-py3-none-any.whl\n")
