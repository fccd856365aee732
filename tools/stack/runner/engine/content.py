"""What a container is made of, as one digest: another digest is a reason to replace it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tools.stack.runner.manifest import Service
from tools.stack.runner.runfiles import Runfiles

# What says when and how long to wait for it, and by which names its parts go, but makes no other container.
_NO_PART_OF_IT = ("image", "image_label", "mounts", "needs", "probe", "ready_timeout")
_READ_UP_TO = 1 << 20


def digest(service: Service, image: str, runfiles: Runfiles) -> str:
    """Of a service's declaration, its image by id, and the files that it mounts.

    A small file counts by what it says; a large one, such as a model's weights, by its size and the time of its last
    change, since to read it would take longer than a person wants to wait.
    """
    declared = {name: value for name, value in asdict(service).items() if name not in _NO_PART_OF_IT}
    mounted = {mount.target: list(_files(runfiles.resolve(mount.source))) for mount in service.mounts}
    canonical = json.dumps([declared, image, mounted], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _files(source: Path) -> Iterator[tuple[str, str]]:
    """Each file at or below `source`, by its path from there, and what tells it from another one."""
    if not source.is_dir():
        yield "", _identity(source)
        return
    for directory, directories, names in os.walk(source, followlinks=True):
        directories.sort()
        for name in sorted(names):
            path = Path(directory, name)
            yield str(path.relative_to(source)), _identity(path)


def _identity(file: Path) -> str:
    status = file.stat()
    if status.st_size > _READ_UP_TO:
        return f"{status.st_size} bytes of {status.st_mtime_ns}"
    return hashlib.sha256(file.read_bytes()).hexdigest()
