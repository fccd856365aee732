"""Layers: tar archives whose bytes depend on nothing but what is put into them, and its order."""

import io
import tarfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

# 2000-01-01. Not 0: zip archives, as Ray packs them, cannot hold times before 1980.
MTIME = 946_684_800


class LayerWriter:
    """Writes a layer. Paths are relative to the root, without a leading slash.

    Parents that were not added come before what lies in them, as directories of mode 0755.
    Everything belongs to root unless an owner's number, which is also its group's, is given.
    """

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._directories = {PurePosixPath()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tar.close()

    def add_directory(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        """Add a directory, once: adding one that is there changes nothing."""
        if PurePosixPath(path) not in self._directories:
            self._add(path, tarfile.DIRTYPE, mode, owner)
            self._directories.add(PurePosixPath(path))

    def add_file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self._add(path, tarfile.REGTYPE, mode, content=content)

    def add_symlink(self, path: str, target: str) -> None:
        self._add(path, tarfile.SYMTYPE, 0o777, link=target)

    def add_hardlink(self, path: str, first: str) -> None:
        """Add another name for the file that was added as `first`."""
        self._add(path, tarfile.LNKTYPE, 0o644, link=first)

    def _add(
        self,
        path: str,
        kind: bytes,
        mode: int,
        owner: int = 0,
        link: str = "",
        content: bytes = b"",
    ) -> None:
        for parent in reversed(PurePosixPath(path).parents):
            self.add_directory(str(parent))
        member = tarfile.TarInfo(path)
        member.type, member.mode, member.size, member.linkname = kind, mode, len(content), link
        member.mtime, member.uid, member.gid = MTIME, owner, owner
        self._tar.addfile(member, io.BytesIO(content))
