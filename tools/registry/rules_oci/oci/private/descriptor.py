"""Describes a layer: digest, size, diff_id and media type, by the OCI image specification."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    buffer = bytearray(_BLOCK)
    view = memoryview(buffer)
    while count := stream.readinto(view):  # type: ignore[attr-defined]
        digest.update(view[:count])
    return f"sha256:{digest.hexdigest()}"


def _zstd_diff_id(layer: Path) -> str:
    program = shutil.which("zstd")
    if program is None:
        sys.exit(f"{layer}: a layer in zstd needs the program zstd, which is not on PATH")
    with subprocess.Popen([program, "--decompress", "--stdout", str(layer)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        diff_id = _sha256(process.stdout)
    if process.returncode:
        sys.exit(f"{layer}: not a whole zstd stream")
    return diff_id


def describe(layer: Path, owner: str) -> dict[str, object]:
    """The descriptor of a layer, and what the image's configuration says of it."""
    with layer.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        digest = _sha256(file)
    compression, diff_id = "", digest
    if magic.startswith(_GZIP):
        compression = "+gzip"
        with gzip.open(layer) as stream:
            diff_id = _sha256(io.BufferedReader(stream, _BLOCK))  # type: ignore[arg-type]
    elif magic == _ZSTD:
        compression, diff_id = "+zstd", _zstd_diff_id(layer)
    return {
        "descriptor": {
            "mediaType": f"application/vnd.oci.image.layer.v1.tar{compression}",
            "digest": digest,
            "size": layer.stat().st_size,
        },
        "diff_id": diff_id,
        "history": {"created": "1970-01-01T00:00:00Z", "created_by": f"bazel build {owner}"},
    }


def main(arguments: list[str]) -> None:
    layer, output, owner = arguments
    Path(output).write_text(json.dumps(describe(Path(layer), owner), indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
