"""What an image says on how to run it: the options of oci_image applied to the base's configuration.

https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from oci.private.layout import Json, LayoutError

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def apply(options: argparse.Namespace, config: Json) -> None:
    """Changes an image's configuration as the options (image.py) say; what they don't name stays the base's.

    Raises:
        LayoutError: when an option's file is malformed.
    """
    process: Json = config.setdefault("config", {})
    if options.created:
        config["created"] = options.created.read_text().strip()
    if options.env:
        process["Env"] = merge_env(process.get("Env", []), read_pairs(options.env))
    if options.entrypoint:
        process["Entrypoint"] = _lines(options.entrypoint)
        # As in a Dockerfile: arguments for another program are worth nothing.
        process.pop("Cmd", None)
    if options.cmd:
        process["Cmd"] = _lines(options.cmd)
    if options.labels:
        process["Labels"] = process.get("Labels", {}) | read_pairs(options.labels)
    if options.exposed_ports:
        process["ExposedPorts"] = process.get("ExposedPorts", {}) | _set(options.exposed_ports)
    if options.volumes:
        process["Volumes"] = process.get("Volumes", {}) | _set(options.volumes)
    if options.user:
        process["User"] = options.user
    if options.workdir:
        process["WorkingDir"] = options.workdir


def merge_env(base: list[str], added: dict[str, str]) -> list[str]:
    """Adds variables to NAME=VALUE entries. `$NAME` and `${NAME}` in a new value are what it was so far, or nothing."""
    env = dict(entry.split("=", 1) for entry in base)
    for name, value in added.items():
        env[name] = _REFERENCE.sub(lambda match: env.get(match[1] or match[2], ""), value)
    return [f"{name}={value}" for name, value in env.items()]


def read_pairs(path: Path) -> dict[str, str]:
    """A file with a NAME=VALUE on each line.

    Raises:
        LayoutError: when a line has no `=`.
    """
    pairs = {}
    for line in _lines(path):
        name, equals, value = line.partition("=")
        if not equals:
            raise LayoutError(f"{path}: not NAME=VALUE: {line}")
        pairs[name] = value
    return pairs


def _lines(path: Path) -> list[str]:
    # defs.bzl writes a newline within a value as %5Cn.
    return [line.replace("%5Cn", "\n") for line in path.read_text().split("\n") if line]


def _set(path: Path) -> dict[str, Json]:
    return {item.strip(): {} for item in path.read_text().split(",") if item.strip()}
