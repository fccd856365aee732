"""What the repository rules of pip.parse do with wheels: download, describe, unpack."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

PIP_WHEELS = "/usr/share/python-wheels/pip-*.whl"


def _pip() -> str:
    wheels = sorted(glob.glob(PIP_WHEELS))
    if not wheels:
        sys.exit(f"no pip: nothing matches {PIP_WHEELS}")
    return wheels[-1]


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _requires(metadata: str) -> dict[str, list[str]]:
    from pip._vendor.packaging.markers import default_environment
    from pip._vendor.packaging.requirements import Requirement

    message = HeaderParser().parsestr(metadata)
    environment = {str(key): str(value) for key, value in default_environment().items()}
    result: dict[str, list[str]] = {}
    requirements = [Requirement(line) for line in message.get_all("Requires-Dist", [])]
    for extra in ["", *(e.lower() for e in message.get_all("Provides-Extra", []))]:
        names = {
            _normalize(requirement.name)
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate(environment | {"extra": extra})
        }
        result[extra] = sorted(names)
    return result


def describe(wheel: Path) -> dict[str, object]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = archive.read(name).decode()
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "distribution": _normalize(wheel.name.split("-")[0]),
        "file": wheel.name,
        "sha256": digest,
        "requires": _requires(metadata),
    }


def download(requirements: Path) -> Path:
    command = [sys.executable, f"{_pip()}/pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--dest", "download", "-r", str(requirements)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"pip download {requirements.read_text().split(' --hash')[0].strip()}: {result.stderr}")
    (wheel,) = Path("download").glob("*.whl")
    return wheel


def unpack(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            path = target / _destination(member.filename)
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            if member.external_attr >> 16 & 0o111 or path.is_relative_to(target / "bin"):
                path.chmod(0o755)


def _destination(member: str) -> str:
    head, _, rest = member.partition("/")
    if not head.endswith(".data"):
        return f"site-packages/{member}"
    scheme, _, rest = rest.partition("/")
    folder = {"purelib": "site-packages", "platlib": "site-packages", "scripts": "bin"}.get(scheme, scheme)
    return f"{folder}/{rest}"


def main(arguments: list[str]) -> None:
    sys.path.insert(0, _pip())
    match arguments:
        case ["download", requirements]:
            json.dump(describe(download(Path(requirements))), sys.stdout)
        case ["unpack", wheel, target]:
            unpack(Path(wheel), Path(target))
        case _:
            sys.exit(f"unknown arguments: {arguments}")


if __name__ == "__main__":
    main(sys.argv[1:])
