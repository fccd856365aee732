"""Make a layer of Debian packages: `merge.py --output LAYER.tar --deb A.deb --deb B.deb …`."""

import argparse
import sys
from pathlib import Path

from images.layer.archive import LayerWriter
from images.layer.bytecode import Source, compiled
from images.rootfs.deb import Deb, DebError
from images.rootfs.skeleton import add_skeleton
from images.rootfs.tree import ConflictError, Content, Node, Tree


def add_bytecode(tree: Tree, folder: str) -> None:
    """Add the bytecode of every Python source below a folder, which is relative to the root."""
    sources = [
        Source(path, node.content.data)
        for path, node in sorted(tree.nodes.items())
        if node.content and path.endswith(".py") and path.startswith(f"{folder}/")
    ]
    for path, content in compiled(sources):
        tree.add(path, Node(0o644, Content(content), package="bytecode"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--deb", type=Path, action="append", required=True)
    parser.add_argument("--skeleton", action="store_true", help="add accounts and usr-merge's links")
    parser.add_argument("--exclude", action="append", default=[], help="a pattern of paths to drop")
    parser.add_argument("--bytecode", action="append", default=[], help="a folder to compile")
    parser.add_argument("--symlink", action="append", default=[], metavar="PATH=TARGET")
    options = parser.parse_args(arguments)
    tree = Tree()
    try:
        for path in sorted(options.deb):
            tree.add_package(Deb.open(path), options.exclude)
        if options.skeleton:
            add_skeleton(tree)
        for link in options.symlink:
            path, _, target = link.partition("=")
            tree.add(path, Node(0o777, target=target, package="the rule"))
        for folder in options.bytecode:
            add_bytecode(tree, folder)
    except (DebError, ConflictError) as error:
        print(f"merge: {error}", file=sys.stderr)
        return 1
    with LayerWriter(options.output) as layer:
        tree.write(layer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
