"""Reads an OCI image layout directory (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.stack.runner.errors import ImageMissingError
from tools.stack.runner.manifest import Service
from tools.stack.runner.runfiles import Runfiles


@dataclass(frozen=True, slots=True)
class Layout:
    """One image on the disk; `name` is for messages.

    `id` is the hexadecimal SHA-256 of its configuration, by which podman knows it, too. `layers` maps the digest of
    each uncompressed layer to the size of its blob in bytes. `environment` is what its containers have of it.
    """

    path: Path
    name: str
    id: str
    layers: dict[str, int]
    environment: dict[str, str] = field(default_factory=dict)


def read_all(services: Iterable[Service], runfiles: Runfiles) -> dict[str, Layout]:
    """The layout of each image that the services name, by that name. Raises ImageMissingError, RunfileMissingError."""
    images = {service.image: service.image_label or service.image for service in services}
    return {image: read(runfiles.resolve(image), name) for image, name in images.items()}


def read(path: Path, name: str) -> Layout:
    """Raises ImageMissingError when it is not a complete layout of one image."""
    if not (path / "index.json").is_file():
        raise ImageMissingError(f"no such image: {name} ({path} has no index.json)")
    try:
        index = json.loads((path / "index.json").read_text())
        if len(index["manifests"]) != 1:
            raise ImageMissingError(f"image {name} must hold one platform, and has {len(index['manifests'])}")
        manifest = _blob(path, index["manifests"][0]["digest"], name)
        config = _blob(path, manifest["config"]["digest"], name)
        digests = config["rootfs"]["diff_ids"]
        sizes = [layer["size"] for layer in manifest["layers"]]
        for layer in manifest["layers"]:
            _blob_path(path, layer["digest"], name)
        return Layout(
            path,
            name,
            id=manifest["config"]["digest"].removeprefix("sha256:"),
            layers=dict(zip(digests, sizes, strict=True)),
            environment=dict(entry.split("=", 1) for entry in config.get("config", {}).get("Env") or ()),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ImageMissingError(f"image {name} is not a readable OCI layout: {type(error).__name__} {error}") from error


def _blob(path: Path, digest: str, name: str) -> Any:
    return json.loads(_blob_path(path, digest, name).read_text())


def _blob_path(path: Path, digest: str, name: str) -> Path:
    blob = path / "blobs" / digest.replace(":", "/")
    if not blob.is_file():
        raise ImageMissingError(
            f"image {name} lacks blob {digest[:19]}… ({blob}): its layers must come along in the target's runfiles"
        )
    return blob
