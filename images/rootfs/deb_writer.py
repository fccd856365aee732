"""Writes .deb files, for tests."""

import gzip
import io
import lzma
import tarfile
from pathlib import Path

Member = tuple[tarfile.TarInfo, bytes]


def entry(name: str, content: bytes = b"", mode: int = 0o644, link: str = "", hard: bool = False) -> Member:
    """A member of a package: a file, with `link` a link, and with a trailing slash a directory."""
    info = tarfile.TarInfo(f"./{name.rstrip('/')}")
    info.mode, info.size, info.linkname, info.mtime = mode, len(content), link, 1
    if link:
        info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
    elif name.endswith("/"):
        info.type, info.mode = tarfile.DIRTYPE, 0o755 if mode == 0o644 else mode
    return info, content


def _packed(members: list[Member], compression: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    packed = buffer.getvalue()
    return gzip.compress(packed) if compression == "gz" else lzma.compress(packed)


def write_deb(folder: Path, name: str, *members: Member, compression: str = "xz") -> Path:
    """Write NAME.deb with these members, compressed as told, and return its path."""
    control = f"Package: {name}\nVersion: 1.0\nArchitecture: amd64\n".encode()
    parts = [
        ("debian-binary", b"2.0\n"),
        (f"control.tar.{compression}", _packed([entry("control", control)], compression)),
        (f"data.tar.{compression}", _packed(list(members), compression)),
    ]
    archive = b"!<arch>\n"
    for part, content in parts:
        header = f"{part:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
        archive += header.encode() + content + b"\n" * (len(content) % 2)
    path = folder / f"{name}.deb"
    path.write_bytes(archive)
    return path
