"""Make a layer of wheels: `install.py --output LAYER.tar A.whl B.whl …`."""

import argparse
import sys
import zipfile
from pathlib import Path

from installer import install
from installer.exceptions import InstallerError
from installer.sources import WheelFile

from images.layer.archive import LayerWriter
from images.wheels.destination import ClashError, LayerDestination
from images.wheels.elf import without_debug_data


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--exclude", action="append", default=[], help="a pattern of paths to drop")
    parser.add_argument("--strip", action="store_true", help="drop debug data from programs")
    parser.add_argument("wheels", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    transform = without_debug_data if options.strip else bytes
    with LayerWriter(options.output) as layer:
        destination = LayerDestination(layer, options.exclude, transform)
        for path in sorted(options.wheels, key=lambda path: path.name):
            try:
                with WheelFile.open(path) as wheel:
                    install(wheel, destination, {"INSTALLER": b"bazel\n"})
            except (ClashError, InstallerError, OSError, ValueError, zipfile.BadZipFile) as error:
                print(f"install: {path.name}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
