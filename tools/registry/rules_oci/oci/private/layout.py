"""OCI layout directories: reading the one image of a base, writing a new one.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_INDEX = "application/vnd.oci.image.index.v1+json"


class LayoutError(Exception):
    """A layout or an option's file is not as it must be. Its text is one line for the user."""


class LayoutWriter:
    """A new layout directory. `close` must come last."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._blobs = root / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)

    def link(self, digest: str, target: Path) -> None:
        """Adds a blob that is kept elsewhere.

        The link leads to the target as it is spelled, not as it resolves: in a sandbox the inputs are links
        themselves, and only the spelling holds in the execution root and in runfiles.
        """
        path = self._blobs / _hexadecimal(digest)
        # The same layer twice is the same blob.
        if not path.is_symlink():
            path.symlink_to(os.path.relpath(target, self._blobs))

    def link_from(self, base: Path, digest: str) -> None:
        """Adds a blob of another layout."""
        self.link(digest, _blob(base, digest))

    def write(self, media_type: str, content: Json) -> Json:
        """Adds a JSON blob and returns its descriptor."""
        data = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        _blob(self._root, digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def close(self, image: Json) -> None:
        """Names the layout's only image by its descriptor."""
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [image]}
        (self._root / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True))
        (self._root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def read_json(path: Path) -> Json:
    """A file with a JSON object.

    Raises:
        LayoutError: when it cannot be read or is something else.
    """
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise LayoutError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise LayoutError(f"{path}: not a JSON object")
    return value


def read_image(root: Path) -> tuple[Json, Json]:
    """The manifest and the configuration of a layout's only image.

    Raises:
        LayoutError: when the folder is no layout, or has no image or several.
    """
    manifests = read_json(root / "index.json").get("manifests", [])
    if len(manifests) != 1:
        raise LayoutError(f"{root}: a base has one image, and this layout has {len(manifests)}")
    manifest = read_json(_blob(root, manifests[0]["digest"]))
    if "config" not in manifest:
        raise LayoutError(f"{root}: not an image: its manifest is of type {manifest.get('mediaType')}")
    return manifest, read_json(_blob(root, manifest["config"]["digest"]))


def _blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / _hexadecimal(digest)


def _hexadecimal(digest: str) -> str:
    return digest.removeprefix("sha256:")
