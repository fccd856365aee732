"""Make a layer of our own code: `pack.py --output LAYER.tar --prefix app --file PATH=FILE …`."""

import argparse
import sys
from pathlib import Path

from images.layer.archive import LayerWriter
from images.layer.bytecode import Source, compiled


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--prefix", required=True, help="the folder that paths are relative to")
    parser.add_argument("--file", action="append", default=[], metavar="PATH=FILE")
    options = parser.parse_args(arguments)
    given = dict(pair.split("=", 1) for pair in options.file)
    files = {f"{options.prefix}/{path}": Path(file).read_bytes() for path, file in sorted(given.items())}
    sources = [Source(path, content) for path, content in files.items() if path.endswith(".py")]
    with LayerWriter(options.output) as layer:
        for path, content in files.items():
            layer.add_file(path, content)
        for path, content in compiled(sources):
            layer.add_file(path, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
