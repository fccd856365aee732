"""Read-only mounts of files that Bazel built."""

from __future__ import annotations

import os
from pathlib import Path


def volumes(source: Path, target: str) -> list[str]:
    """Values for podman's --volume that show `source` at `target`.

    A directory whose symbolic links all stay inside it is one mount. Where a link leads out of it (Bazel's output may
    link to where the file was made) the link would dangle in the container, so each file is mounted from where it
    really is.
    """
    if source.is_file() or not _links_lead_out(source):
        return [_volume(source, target)]
    result = []
    for directory, _, files in os.walk(source, followlinks=True):
        for name in sorted(files):
            path = Path(directory, name)
            result.append(_volume(path.resolve(), f"{target}/{path.relative_to(source)}"))
    return result


def _links_lead_out(directory: Path) -> bool:
    for parent, directories, files in os.walk(directory):
        for name in (*directories, *files):
            path = Path(parent, name)
            if path.is_symlink() and not path.resolve().is_relative_to(directory):
                return True
    return False


def _volume(source: Path, target: str) -> str:
    if ":" in str(source):
        raise ValueError(f"podman cannot mount a path with a colon: {source}")
    return f"{source}:{target}:ro"
