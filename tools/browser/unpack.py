"""Unpacks the Chromium of the npm package @sparticuz/chromium."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import brotli  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where an unpacked browser is: its program, and the folders with its libraries and its fonts."""

    program: Path
    libraries: Path
    fonts: Path


def unpack(package: Path, target: Path) -> Installation:
    """Unpacks what is in `package` (the npm package's bin/) to the folder `target`: 220 MB, in about two seconds."""
    program = target / "chromium"
    decompressor = brotli.Decompressor()
    with program.open("wb") as file, (package / "chromium.br").open("rb") as compressed:
        while block := compressed.read(1 << 20):
            file.write(decompressor.process(block))
    program.chmod(0o755)
    for archive in ("al2023", "fonts"):
        data = brotli.decompress((package / f"{archive}.tar.br").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(target)  # noqa: S202  # The package is known by its hash.
    return Installation(program, target / "lib", target / "fonts")
