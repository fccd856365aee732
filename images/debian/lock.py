"""Resolve packages.toml against the machine's Debian mirror and write lock.json.

Run as `bazel run //images/debian:lock`.
"""

import json
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from images.debian import mirror, resolve
from images.debian.control import stanzas


def locked(wish: Mapping[str, Any], index: resolve.Index) -> dict[str, Any]:
    """The lock: the closure of every layer, and each package in it with path, size and hash.

    The first layer lies below all others, so they leave out what it has.
    """
    base: dict[str, resolve.Package] = {}
    packages: dict[str, resolve.Package] = {}
    layers: dict[str, list[str]] = {}
    for name, wanted in wish["layers"].items():
        layer = resolve.closure(index, wanted, omit=wish["omit"], installed=base)
        base = base or layer
        packages |= layer
        layers[name] = sorted(layer)
    return {
        "suite": wish["suite"],
        "architecture": wish["architecture"],
        "layers": layers,
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "architecture": package.architecture,
                "path": package.path,
                "sha256": package.sha256,
                "size": package.size,
            }
            for _, package in sorted(packages.items())
        ],
    }


def main() -> int:
    folder = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"], "images/debian")
    wish = tomllib.loads((folder / "packages.toml").read_text())
    try:
        bases = mirror.bases(os.environ)
        text = mirror.packages_index(bases, wish["suite"], wish["architecture"])
        index = resolve.Index(map(resolve.Package.from_stanza, stanzas(text.splitlines())))
        lock = locked(wish, index)
    except (mirror.MirrorError, resolve.UnresolvableError) as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    (folder / "lock.json").write_text(json.dumps(lock, indent=2) + "\n")
    size = sum(package["size"] for package in lock["packages"])
    print(f"lock.json: {len(lock['packages'])} packages, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
