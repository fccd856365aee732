r"""The format of requirements.lock.

It is a requirements file with hashes, as pip reads it, with one rule more: each distribution is locked to
one wheel, whose file name stands in a comment below its hash:

    grpcio==1.85.1 \
        --hash=sha256:83aced2a…
        # wheel: grpcio-1.85.1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl
        # via
        #   -r requirements.in

So a download cache can answer by hash before any index is asked, and every machine gets the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADER = """\
# Written by `bazel run //tools/locks:python`; change requirements.in instead.
# For CPython 3.11 on x86_64 Linux with the GNU C library 2.36 (Debian 12) or newer.
"""

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[(?P<extras>[^\]]*)\])?==(?P<version>[^\s;\\]+)\s*\\?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_WHEEL = "# wheel: "


class LockError(Exception):
    """The lock, or what it is made from, is not as it must be. Its text is for the user."""


@dataclass(frozen=True)
class Pin:
    """One distribution at one version. `comments` say who asked for it, one line each, with the `#`."""

    name: str
    extras: tuple[str, ...]
    version: str
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class LockedWheel:
    """A pin with the one file that satisfies it."""

    pin: Pin
    file: str
    sha256: str


def parse_pins(text: str) -> list[Pin]:
    """Reads NAME==VERSION lines and the comments below each, as `uv pip compile` writes them.

    Raises:
        LockError: when a line is something else, such as a requirement with a marker.
    """
    pins: list[Pin] = []
    comments: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("--hash") or (stripped.startswith("#") and not pins):
            continue
        if stripped.startswith("#"):
            if not stripped.startswith(_WHEEL):
                comments.append(stripped)
                pins[-1] = Pin(pins[-1].name, pins[-1].extras, pins[-1].version, tuple(comments))
            continue
        match = _PIN.fullmatch(stripped)
        if match is None:
            raise LockError(f"not a pinned requirement: {stripped}")
        comments = []
        extras = tuple(extra.strip() for extra in (match["extras"] or "").split(",") if extra.strip())
        pins.append(Pin(match["name"], extras, match["version"]))
    return pins


def parse_lock(text: str) -> list[LockedWheel]:
    """Reads a lock.

    Raises:
        LockError: when a requirement has not exactly one hash and one wheel.
    """
    wheels = []
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    for pin, block in zip(parse_pins(text), blocks, strict=True):
        hashes = _HASH.findall(block)
        files = re.findall(rf"^\s*{_WHEEL}(\S+\.whl)$", block, flags=re.MULTILINE)
        if len(hashes) != 1 or len(files) != 1:
            raise LockError(f"{pin.name}: {len(hashes)} hashes and {len(files)} wheels where one of each must be")
        wheels.append(LockedWheel(pin, files[0], hashes[0]))
    return wheels


def render_lock(wheels: Iterable[LockedWheel]) -> str:
    """Writes a lock, sorted by name."""
    return HEADER + "".join(_render(wheel) for wheel in sorted(wheels, key=lambda wheel: wheel.pin.name))


def render_pin(pin: Pin) -> str:
    """NAME[EXTRAS]==VERSION."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    return f"{pin.name}{extras}=={pin.version}"


def _render(wheel: LockedWheel) -> str:
    lines: Sequence[str] = [f"--hash=sha256:{wheel.sha256}", f"{_WHEEL}{wheel.file}", *wheel.pin.comments]
    return f"{render_pin(wheel.pin)} \\\n" + "".join(f"    {line}\n" for line in lines)
