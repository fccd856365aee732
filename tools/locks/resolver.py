"""Runs uv: which versions agree, and which wheels they come in."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.locks.lock_file import LockedWheel, LockError, Pin, render_pin
from tools.locks.pip_configuration import Sources
from tools.locks.wheel_choice import ARCHITECTURE, GLIBC_MINOR, PYTHON, choose


class Resolver:
    """uv with the machine's sources, for the platform that the lock is for."""

    def __init__(self, uv: Path, sources: Sources, requirements: Path, excludes: Path) -> None:
        self._requirements = requirements
        first, *_ = sources.indexes
        self._command = [
            *(str(uv), "pip", "compile", "--no-header", "--no-strip-extras", "--only-binary=:all:"),
            f"--excludes={excludes.name}",
            f"--python-version={PYTHON[0]}.{PYTHON[1]}",
            f"--python-platform={ARCHITECTURE}-manylinux_2_{GLIBC_MINOR}",
            # As pip does: the best version that any index has; of equal ones that of the first index.
            "--index-strategy=unsafe-best-match",
        ]
        # Not as arguments: addresses may have passwords in them, and everybody sees a command line.
        own = {
            "SSL_CERT_FILE": sources.certificates or "",
            "UV_DEFAULT_INDEX": first,
            "UV_FIND_LINKS": ",".join(sources.find_links),
            "UV_INDEX": " ".join(sources.indexes),
        }
        self._environment = os.environ | {name: value for name, value in own.items() if value}

    def resolve(self, previous: str, options: Sequence[str]) -> str:
        """Pins every requirement: NAME==VERSION lines with comments on who asked for it.

        Args:
            previous: the lock there is, whose versions are kept where they can be.
            options: more options of `uv pip compile`, such as --upgrade.
        """
        output = self._requirements.with_name("resolved.txt")
        output.write_text(previous)
        self._run([*options, f"--output-file={output.name}"])
        return output.read_text()

    def wheels(self, pins: Sequence[Pin]) -> list[LockedWheel]:
        """Finds the wheel of each pin.

        Raises:
            LockError: when a pin has none for the platform.
        """
        constraints = self._requirements.with_name("constraints.txt")
        # A constraint has no extras.
        constraints.write_text("".join(render_pin(Pin(pin.name, (), pin.version)) + "\n" for pin in pins))
        output = self._requirements.with_name("pylock.toml")
        self._run([f"--constraints={constraints.name}", "--format=pylock.toml", f"--output-file={output.name}"])
        packages = {package["name"]: package for package in tomllib.loads(output.read_text())["packages"]}
        return [_locked(pin, packages.get(pin.name, {}).get("wheels", [])) for pin in pins]

    def _run(self, options: Sequence[str]) -> None:
        command = [*self._command, *options, self._requirements.name]
        result = subprocess.run(
            command, cwd=self._requirements.parent, env=self._environment, stdout=subprocess.DEVNULL, check=False
        )
        if result.returncode:
            raise LockError("uv found no solution; see above")


def _locked(pin: Pin, wheels: Sequence[dict[str, object]]) -> LockedWheel:
    hashes = {}
    for wheel in wheels:
        location = str(wheel.get("url") or wheel.get("path"))
        match wheel["hashes"]:
            case {"sha256": str(sha256)}:
                hashes[unquote(urlsplit(location).path.rpartition("/")[2])] = sha256
    file = choose(hashes)
    if file is None:
        raise LockError(
            f"{render_pin(pin)}: no wheel for {ARCHITECTURE} with glibc 2.{GLIBC_MINOR} among {len(wheels)}"
        )
    return LockedWheel(pin, file, hashes[file])
