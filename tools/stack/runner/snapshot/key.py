"""What a snapshot depends on: when any of it changes, there is another key, and the service starts from nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from tools.stack.runner.manifest import Service

_FORMAT = 1  # To be raised when this program freezes, keeps or thaws in another way.
_PLACES = ("image", "image_label", "mounts")  # Where things are; what they are is in the key by its content.


def of(service: Service, image: str, mounts: Mapping[str, str], limits: Iterable[str], facts: Mapping[str, str]) -> str:
    """The key of a service's snapshot, as hexadecimal digits.

    `image` is the image's id; `mounts` has the digest of what appears at each path in the container; `limits` are its
    ulimits; `facts` are those of the machine and of the programs that freeze and thaw.
    """
    declared = {name: value for name, value in asdict(service).items() if name not in _PLACES}
    parts = {
        "format": _FORMAT,
        "service": declared,
        "image": image,
        "mounts": dict(mounts),
        "limits": sorted(limits),
        "facts": dict(facts),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def digest(path: Path) -> str:
    """The digest of a file, or of all files below a directory with their paths in it."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    total = hashlib.sha256()
    for directory, directories, names in os.walk(path, followlinks=True):
        directories.sort()
        for name in sorted(names):
            file_path = Path(directory, name)
            total.update(f"{file_path.relative_to(path)}\0{digest(file_path)}\n".encode())
    return total.hexdigest()


def machine() -> dict[str, str]:
    """What of this machine a frozen process has taken note of, or is bound to.

    The boot is part of it: a process keeps times of the monotonic clock, which starts anew with each. So are the
    processors that it may use, by which libraries choose code and bind threads.
    """
    kernel = os.uname()
    return {
        "kernel": f"{kernel.release} {kernel.version} {kernel.machine}",
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "cpu": _processor(Path("/proc/cpuinfo").read_text()),
        "cpus": ",".join(map(str, sorted(os.sched_getaffinity(0)))),
        "user": str(os.geteuid()),
    }


def _processor(cpuinfo: str) -> str:
    """Model and capabilities of the first processor in the text of /proc/cpuinfo, without its changing clock rate."""
    first = cpuinfo.partition("\n\n")[0]
    wanted = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features")
    lines = (line.partition(":") for line in first.splitlines())
    return "\n".join(f"{name.strip()}:{value.strip()}" for name, _, value in lines if name.strip() in wanted)
