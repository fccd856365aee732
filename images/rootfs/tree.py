"""A root file system as a tree of nodes, merged from packages, usr-merged."""

import posixpath
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from images.layer.archive import LayerWriter
from images.rootfs.deb import Deb

# Directories that are links into /usr (Debian's usr-merge).
MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")


class ConflictError(Exception):
    """Two packages bring different things at one path; the text names all three."""


@dataclass(frozen=True, eq=False)
class Content:
    """The bytes of a file. Nodes with one and the same Content are hard links."""

    data: bytes


@dataclass(frozen=True)
class Node:
    """What lies at a path: a file (content), a symbolic link (target) or else a directory."""

    mode: int
    content: Content | None = None
    target: str | None = None
    owner: int = 0
    package: str = field(default="", compare=False)

    def same(self, other: "Node") -> bool:
        """Whether it may take the other's place: equal kind and content."""
        if self.content is not None and other.content is not None:
            return self.content.data == other.content.data
        return (self.content, self.target) == (other.content, other.target)


def merged_path(path: str) -> str:
    """The path, relative to the root, with the links of usr-merge followed."""
    path = posixpath.normpath(path).lstrip("/")
    top = path.partition("/")[0]
    return f"usr/{path}" if top in MERGED and top != path else path


def merged_target(path: str, target: str) -> str:
    """The target for a link of a package at `path`, valid where usr-merge puts that link."""
    if target.startswith("/"):
        return target
    moved = merged_path(path)
    meant = merged_path(posixpath.join(posixpath.dirname(path), target))
    return posixpath.relpath(meant, posixpath.dirname(moved) or ".")


def _excluded(path: str, patterns: Sequence[str]) -> bool:
    """Whether the last pattern that matches the path is one without a `!`, which keeps it."""
    matching = [pattern for pattern in patterns if fnmatchcase(path, pattern.removeprefix("!"))]
    return bool(matching) and not matching[-1].startswith("!")


class Tree:
    """Nodes by path, relative to the root."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def add(self, path: str, node: Node) -> None:
        """Put a node at a path; the same again is fine, another one is a ConflictError."""
        known = self.nodes.get(path)
        if known is not None and not known.same(node):
            raise ConflictError(f"{known.package} and {node.package} both have /{path}")
        self.nodes.setdefault(path, node)

    def add_package(self, deb: Deb, exclude: Sequence[str]) -> None:
        """Add a package's files, but those that patterns exclude, and its dpkg metadata.

        Modes lose set-uid bits and gain what a user who isn't root needs to read. Metadata goes to
        status.d, as in distroless images: scanners look there, and the layers don't share a file.
        """
        contents: dict[str, Content] = {}
        for member in deb.data:
            original = posixpath.normpath(member.name)
            path = merged_path(original)
            if path == "." or path in MERGED:
                continue
            node = self._node(deb, member, original, contents)
            if not _excluded(path, exclude):
                self.add(path, node)
        status = f"var/lib/dpkg/status.d/{deb.name}"
        for path, text in ((status, deb.control), (f"{status}.md5sums", deb.md5sums)):
            self.add(path, Node(0o644, Content(text), package=deb.name))

    @staticmethod
    def _node(deb: Deb, member: tarfile.TarInfo, original: str, contents: dict[str, Content]) -> Node:
        if member.isdir():
            return Node((member.mode & 0o777) | 0o555, package=deb.name)
        if member.issym():
            return Node(0o777, target=merged_target(original, member.linkname), package=deb.name)
        if member.islnk():
            content = contents[posixpath.normpath(member.linkname)]
        else:
            stream = deb.data.extractfile(member)
            if stream is None:
                raise ConflictError(f"{deb.name}: /{original} is neither file, link nor directory")
            content = Content(stream.read())
        contents[original] = content
        return Node((member.mode & 0o777) | 0o444, content, package=deb.name)

    def write(self, layer: LayerWriter) -> None:
        """Write all nodes, sorted by path."""
        first: dict[Content, str] = {}
        for path, node in sorted(self.nodes.items()):
            if node.target is not None:
                layer.add_symlink(path, node.target)
            elif node.content is None:
                layer.add_directory(path, node.mode, node.owner)
            elif node.content in first:
                layer.add_hardlink(path, first[node.content])
            else:
                first[node.content] = path
                layer.add_file(path, node.content.data, node.mode)
