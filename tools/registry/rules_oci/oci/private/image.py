"""Assembles an OCI layout directory from a base, described layers and a configuration.

Written by the OCI image specification: image-layout.md, manifest.md and config.md. Layers become relative symbolic
links to where they are already, so that an image costs nothing but its JSON.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from oci.private.configuration import apply, read_pairs
from oci.private.layout import Json, LayoutError, LayoutWriter, read_image, read_json

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_EPOCH = "1970-01-01T00:00:00Z"
_PLATFORM = ("architecture", "os", "variant")


def _scratch(options: argparse.Namespace) -> tuple[Json, Json]:
    """The manifest and the configuration of an image with nothing in it."""
    platform = {key: getattr(options, key) for key in _PLATFORM if getattr(options, key)}
    config = {"created": _EPOCH, "config": {}, "history": [], "rootfs": {"type": "layers", "diff_ids": []}}
    return {"schemaVersion": 2, "mediaType": _MANIFEST, "layers": []}, platform | config


def build(options: argparse.Namespace) -> str:
    """Writes the layout that the command line asks for and returns the digest of its manifest.

    Raises:
        LayoutError: when the base is no layout with one image, or an option's file is malformed.
    """
    layout = LayoutWriter(options.output)
    if options.base:
        manifest, config = read_image(options.base)
        for layer in manifest["layers"]:
            layout.link_from(options.base, layer["digest"])
    else:
        manifest, config = _scratch(options)
    for layer, description in options.layer:
        described = read_json(description)
        manifest["layers"].append(described["descriptor"])
        config["rootfs"]["diff_ids"].append(described["diff_id"])
        config.setdefault("history", []).append(described["history"])
        layout.link(described["descriptor"]["digest"], layer)
    apply(options, config)
    if options.annotations:
        manifest["annotations"] = manifest.get("annotations", {}) | read_pairs(options.annotations)
    manifest["config"] = layout.write(_CONFIG, config)
    image = layout.write(_MANIFEST, manifest)
    layout.close(image | {"platform": {key: config[key] for key in _PLATFORM if key in config}})
    return str(image["digest"])


def _layer(argument: str) -> tuple[Path, Path]:
    layer, _, description = argument.rpartition("=")
    return Path(layer), Path(description)


def parser() -> argparse.ArgumentParser:
    """The command line, which image.bzl writes."""
    result = argparse.ArgumentParser(allow_abbrev=False)
    result.add_argument("--output", type=Path, required=True)
    result.add_argument("--digest", type=Path, required=True)
    result.add_argument("--base", type=Path)
    result.add_argument("--layer", type=_layer, action="append", default=[], metavar="TAR=DESCRIPTION")
    for name in ("annotations", "cmd", "created", "entrypoint", "env", "exposed-ports", "labels", "volumes"):
        result.add_argument(f"--{name}", type=Path)
    for name in ("architecture", "os", "user", "variant", "workdir"):
        result.add_argument(f"--{name}")
    return result


def main(arguments: list[str]) -> None:
    options = parser().parse_args(arguments)
    try:
        options.digest.write_text(build(options))
    except LayoutError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
