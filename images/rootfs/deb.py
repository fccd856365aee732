"""Binary Debian packages: the control data and the files in a .deb.

Format: deb(5), an ar archive with control.tar and data.tar, each possibly compressed.
"""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from images.debian.control import Stanza, stanzas

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60


class DebError(Exception):
    """The file is no .deb, or one whose parts this cannot read; the text names the file."""


@dataclass(frozen=True)
class Deb:
    """A package: its control fields and their text, its md5sums, and the archive of its files."""

    fields: Stanza
    control: bytes
    md5sums: bytes
    data: tarfile.TarFile

    @property
    def name(self) -> str:
        return self.fields["Package"]

    @classmethod
    def open(cls, path: Path) -> Self:
        try:
            members = _ar_members(path.read_bytes())
            control = _tar(members, "control.tar")
            text = _content(control, "control")
            return cls(
                fields=next(stanzas(text.decode().splitlines())),
                control=text,
                md5sums=_content(control, "md5sums"),
                data=_tar(members, "data.tar"),
            )
        except (ValueError, LookupError, StopIteration, tarfile.TarError) as error:
            raise DebError(f"{path.name}: not a readable .deb: {error}") from error


def _ar_members(archive: bytes) -> dict[str, bytes]:
    if not archive.startswith(_MAGIC):
        raise ValueError("no ar archive")
    members = {}
    offset = len(_MAGIC)
    while offset + _HEADER_BYTES <= len(archive):
        header = archive[offset : offset + _HEADER_BYTES]
        size = int(header[48:58])
        start = offset + _HEADER_BYTES
        members[header[:16].decode().rstrip(" /")] = archive[start : start + size]
        offset = start + size + size % 2
    return members


def _tar(members: dict[str, bytes], stem: str) -> tarfile.TarFile:
    name = next((name for name in members if name.startswith(stem)), None)
    if name is None:
        raise LookupError(f"no {stem}")
    return tarfile.open(fileobj=io.BytesIO(members[name]), mode="r:*")


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    try:
        member = archive.extractfile(f"./{name}")
    except KeyError:
        return b""
    return member.read() if member else b""
