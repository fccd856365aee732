"""Assembles an OCI layout directory from a base, described layers and a configuration.

Blobs that exist already, in the base or as layers, become relative symbolic links.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EPOCH = "1970-01-01T00:00:00Z"


class Layout:
    """A layout directory that is being written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._blobs = root / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)

    def link(self, digest: str, target: Path) -> None:
        """Adds a blob that is kept elsewhere. Paths are taken as spelled, not as resolved:
        inputs of a sandboxed action are links themselves."""
        path = self._blobs / digest.removeprefix("sha256:")
        if not path.is_symlink():
            path.symlink_to(os.path.relpath(target, self._blobs))

    def write(self, media_type: str, content: Json) -> Json:
        """Adds a JSON blob and returns its descriptor."""
        data = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self._blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def close(self, manifest: Json) -> None:
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}
        (self._root / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True))
        (self._root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _load_base(root: Path) -> tuple[Json, Json]:
    """The manifest and the configuration of a layout's only image."""
    try:
        manifests = json.loads((root / "index.json").read_text())["manifests"]
        if len(manifests) != 1:
            sys.exit(f"{root}: a base must have one manifest, this layout has {len(manifests)}")
        manifest: Json = json.loads(_blob(root, manifests[0]["digest"]).read_text())
        config: Json = json.loads(_blob(root, manifest["config"]["digest"]).read_text())
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{root}: not an OCI layout with an image in it: {error}")
    return manifest, config


def _lines(path: Path) -> list[str]:
    return [line.replace("%5Cn", "\n") for line in path.read_text().split("\n") if line]


def _pairs(path: Path) -> dict[str, str]:
    pairs = {}
    for line in _lines(path):
        name, equals, value = line.partition("=")
        if not equals:
            sys.exit(f"{path}: not NAME=VALUE: {line!r}")
        pairs[name] = value
    return pairs


def _set(path: Path) -> dict[str, Json]:
    return {item.strip(): {} for item in path.read_text().split(",") if item.strip()}


def _merge_env(base: list[str], added: dict[str, str]) -> list[str]:
    env = dict(entry.split("=", 1) for entry in base)
    for name, value in added.items():
        env[name] = re.sub(r"\$\{?(\w+)\}?", lambda match: env.get(match[1], ""), value)
    return [f"{name}={value}" for name, value in env.items()]


def _configure(config: Json, options: argparse.Namespace) -> None:
    """Applies the options to an image's configuration."""
    process: Json = config.setdefault("config", {})
    if options.created:
        config["created"] = options.created.read_text().strip()
    if options.env:
        process["Env"] = _merge_env(process.get("Env", []), _pairs(options.env))
    if options.entrypoint:
        process["Entrypoint"] = _lines(options.entrypoint)
        process.pop("Cmd", None)
    if options.cmd:
        process["Cmd"] = _lines(options.cmd)
    if options.labels:
        process["Labels"] = process.get("Labels", {}) | _pairs(options.labels)
    if options.exposed_ports:
        process["ExposedPorts"] = process.get("ExposedPorts", {}) | _set(options.exposed_ports)
    if options.volumes:
        process["Volumes"] = process.get("Volumes", {}) | _set(options.volumes)
    if options.user:
        process["User"] = options.user
    if options.workdir:
        process["WorkingDir"] = options.workdir


def _scratch(options: argparse.Namespace) -> tuple[Json, Json]:
    platform = {"os": options.os, "architecture": options.architecture}
    if options.variant:
        platform["variant"] = options.variant
    config = {"created": EPOCH, "config": {}, "history": [], "rootfs": {"type": "layers", "diff_ids": []}}
    return {"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}, platform | config


def build(options: argparse.Namespace) -> str:
    """Writes the layout and returns the digest of its manifest."""
    layout = Layout(options.output)
    if options.base:
        manifest, config = _load_base(options.base)
        for layer in manifest["layers"]:
            layout.link(layer["digest"], _blob(options.base, layer["digest"]))
    else:
        manifest, config = _scratch(options)
    for layer in options.layer:
        tar, _, description = layer.rpartition("=")
        described: Json = json.loads(Path(description).read_text())
        manifest["layers"].append(described["descriptor"])
        config["rootfs"]["diff_ids"].append(described["diff_id"])
        config.setdefault("history", []).append(described["history"])
        layout.link(described["descriptor"]["digest"], Path(tar))
    _configure(config, options)
    if options.annotations:
        manifest["annotations"] = manifest.get("annotations", {}) | _pairs(options.annotations)
    manifest["config"] = layout.write(CONFIG, config)
    descriptor = layout.write(MANIFEST, manifest)
    layout.close(descriptor | {"platform": {key: config[key] for key in ("architecture", "os", "variant") if key in config}})
    digest: str = descriptor["digest"]
    return digest


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--digest", type=Path, required=True)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--layer", action="append", default=[], metavar="TAR=DESCRIPTOR")
    for name in ("annotations", "cmd", "created", "entrypoint", "env", "exposed-ports", "labels", "volumes"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("architecture", "os", "user", "variant", "workdir"):
        parser.add_argument(f"--{name}")
    return parser


def main(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    options.digest.write_text(build(options))


if __name__ == "__main__":
    main(sys.argv[1:])
