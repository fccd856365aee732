"""Where `installer` puts a wheel's files: into a layer, at Debian's place for local packages."""

import io
import os
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import BinaryIO, Literal

from installer.destinations import WheelDestination
from installer.records import Hash, RecordEntry
from installer.scripts import Script
from installer.utils import (
    Scheme,
    construct_record_file,
    copyfileobj_with_hashing,
    fix_shebang,
)

from images.layer.archive import LayerWriter
from images.layer.bytecode import Source, compiled

INTERPRETER = "/usr/bin/python3.11"
PACKAGES = "usr/local/lib/python3.11/dist-packages"

# Folders of the installation schemes, relative to the root.
_FOLDERS = {
    "purelib": PACKAGES,
    "platlib": PACKAGES,
    "scripts": "usr/local/bin",
    "data": "usr/local",
    "headers": "usr/local/include",
}


class ClashError(Exception):
    """Two wheels bring different files at one path, which the text names."""


class LayerDestination(WheelDestination):
    """Installs wheels into a layer, one after the other, with bytecode and a true RECORD.

    `exclude` has patterns of paths, relative to the folder of packages, that stay out; `transform`
    is applied to every other file's content.
    """

    def __init__(
        self,
        layer: LayerWriter,
        exclude: Sequence[str],
        transform: Callable[[bytes], bytes],
    ) -> None:
        self._layer = layer
        self._exclude = exclude
        self._transform = transform
        self._hashes: dict[str, str] = {}
        self._sources: list[Source] = []
        self._left_out: set[str] = set()

    def write_script(self, name: str, module: str, attr: str, section: Literal["console", "gui"]) -> RecordEntry:
        name, text = Script(name, module, attr, section).generate(INTERPRETER, "posix")
        return self._write(Scheme("scripts"), name, text, executable=True)

    def write_file(
        self,
        scheme: Scheme,
        path: str | os.PathLike[str],
        stream: BinaryIO,
        is_executable: bool,
    ) -> RecordEntry:
        name = os.fspath(path)
        if any(fnmatchcase(name, pattern) for pattern in self._exclude):
            self._left_out.add(name)
            return RecordEntry(name, None, None)
        if scheme == "scripts":
            with fix_shebang(stream, INTERPRETER) as fixed:
                return self._write(scheme, name, fixed.read(), executable=True)
        content = self._transform(stream.read())
        entry = self._write(scheme, name, content, is_executable)
        if name.endswith(".py") and scheme in ("purelib", "platlib"):
            self._sources.append(Source(f"{PACKAGES}/{name}", content))
        return entry

    def finalize_installation(
        self,
        scheme: Scheme,
        record_file_path: str,
        records: Iterable[tuple[Scheme, RecordEntry]],
    ) -> None:
        kept = [(where, entry) for where, entry in records if entry.path not in self._left_out]
        for path, content in compiled(self._sources):
            name = path.removeprefix(f"{PACKAGES}/")
            self._write(scheme, name, content, executable=False)
            kept.append((scheme, RecordEntry(name, None, None)))
        with construct_record_file(kept, self._prefix) as record:
            self._write(scheme, record_file_path, record.read(), executable=False)
        self._sources.clear()
        self._left_out.clear()

    @staticmethod
    def _prefix(scheme: Scheme) -> str | None:
        folder = _FOLDERS[scheme]
        return None if folder == PACKAGES else os.path.relpath(folder, PACKAGES) + "/"

    def _write(self, scheme: Scheme, name: str, content: bytes, executable: bool) -> RecordEntry:
        path = f"{_FOLDERS[scheme]}/{name}"
        digest, size = copyfileobj_with_hashing(io.BytesIO(content), io.BytesIO(), "sha256")
        known = self._hashes.get(path)
        if known is None:
            self._hashes[path] = digest
            self._layer.add_file(path, content, 0o755 if executable else 0o644)
        elif known != digest:
            raise ClashError(f"another wheel has a different /{path}")
        return RecordEntry(name, Hash("sha256", digest), size)
