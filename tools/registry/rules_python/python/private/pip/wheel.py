"""What the repository rules of pip.parse do with wheels: download, read the requirements, unpack.

Runs on the toolbox's Python with nothing installed: pip, and the library `packaging` in it, come from Debian's wheel.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path

_PIP_WHEELS = Path("/usr/share/python-wheels")
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")

# PEP 427's folders below NAME.data, and where they go.
_SCHEMES = {"purelib": "site-packages", "platlib": "site-packages", "scripts": "bin", "headers": "include"}

# In the middle of a repository they would begin packages of their own, which globs don't enter.
_BAZEL_FILES = {"BUILD", "BUILD.bazel", "MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"}

# What pip prints, and what it means for the person who reads it.
_REASONS = {
    "DO NOT MATCH THE HASHES": "the file that the index has is not the locked one: its SHA-256 differs from {sha256}",
    "No matching distribution found": "no index that pip is configured with has it",
    "No space left on device": "no room on the disk",
    "Connection": "the index could not be reached",
}


class WheelError(Exception):
    """Its text is one line for the user."""


def find_pip() -> str:
    """Debian's pip, as a wheel that Python can import from."""
    wheels = sorted(_PIP_WHEELS.glob("pip-*.whl"))
    if not wheels:
        raise WheelError(f"pip is missing: there is no pip-*.whl in {_PIP_WHEELS} (Debian package python3-pip-whl)")
    return str(wheels[-1])


def explain(requirement: str, sha256: str, log: str) -> str:
    """One line on why pip failed."""
    for sign, reason in _REASONS.items():
        if sign in log:
            return f"{requirement}: {reason.format(sha256=sha256)}"
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return f"{requirement}: pip failed: {errors[-1] if errors else log.strip()[-300:]}"


def download(requirement: str, sha256: str, target: Path) -> None:
    """Downloads a wheel by the machine's own pip configuration; pip verifies its hash."""
    target.mkdir()
    # Beside the target, since /tmp can be small; gone when pip is.
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        requirements = Path(scratch, "requirements.txt")
        requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        command = [sys.executable, f"{find_pip()}/pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        # Bazel's repository cache keeps the file; pip's own would keep it twice.
        command += ["--no-cache-dir", "--require-hashes", f"--dest={target}", "-r", str(requirements)]
        environment = os.environ | {"TMPDIR": scratch, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise WheelError(explain(requirement, sha256, result.stderr))


def read_requires(metadata: str, normalize: Callable[[str], str]) -> dict[str, list[str]]:
    """What a distribution requires on this interpreter: extra (or "") -> names."""
    if "\nRequires-Dist:" not in metadata:
        return {"": []}
    # It is in pip's wheel, which `main` makes importable; from there it takes a moment to import.
    from packaging.requirements import Requirement  # noqa: PLC0415

    message = HeaderParser().parsestr(metadata)
    requirements = [Requirement(line) for line in message.get_all("Requires-Dist", [])]
    extras = ["", *(extra.lower() for extra in message.get_all("Provides-Extra", []))]
    return {
        extra: sorted(
            {
                normalize(requirement.name)
                for requirement in requirements
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
            }
        )
        for extra in extras
    }


def normalize(name: str) -> str:
    """As labels spell it (lock.bzl)."""
    return re.sub(r"[-_.]+", "_", name).strip("_").lower()


def requires(wheel: Path) -> dict[str, list[str]]:
    """The requirements of a wheel file."""
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if _METADATA.fullmatch(name)]
        if len(members) != 1:
            raise WheelError(f"{wheel.name}: not a wheel: {len(members)} files are called *.dist-info/METADATA")
        return read_requires(archive.read(members[0]).decode(), normalize)


def destination(member: str) -> Path:
    """Where a member of a wheel goes.

    Raises:
        WheelError: when its name leads out of the folder.
    """
    head, _, rest = member.partition("/")
    if head.endswith(".data"):
        scheme, _, rest = rest.partition("/")
        path = Path(_SCHEMES.get(scheme, scheme), rest)
    else:
        path = Path("site-packages", member)
    if path.is_absolute() or ".." in path.parts:
        raise WheelError(f"not a wheel: a member is called {member}")
    return path


def unpack(wheel: Path, target: Path) -> None:
    """Spreads a wheel over site-packages/, bin/, include/ and data/, less what Bazel would take for its own."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir() or member.filename.rpartition("/")[2] in _BAZEL_FILES:
                continue
            path = target / destination(member.filename)
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            if member.external_attr >> 16 & 0o111 or path.parent == target / "bin":
                path.chmod(0o755)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["download", requirement, sha256, target]:
            download(requirement, sha256, Path(target).absolute())
        case ["requires", wheel]:
            # pip carries `packaging`.
            sys.path.insert(0, f"{find_pip()}/pip/_vendor")
            print(json.dumps(requires(Path(wheel))))
        case ["unpack", wheel, target]:
            unpack(Path(wheel), Path(target))
        case _:
            raise WheelError(f"unknown arguments: {arguments}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except WheelError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f"no room on the disk for {Path.cwd()}")
