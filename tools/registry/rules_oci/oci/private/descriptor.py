"""Describes a layer as an image's manifest and configuration name it.

The fields are those of the OCI image specification: descriptor.md, layer.md and config.md (rootfs, history).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

_MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar"
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_ZSTD = b"\x28\xb5\x2f\xfd"

# Like rules_oci: no clock in the output.
_EPOCH = "1970-01-01T00:00:00Z"


class DescriptorError(Exception):
    """A layer that cannot be described. Its text is one line for the user."""


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _gzip_diff_id(layer: Path) -> str:
    try:
        with gzip.open(layer) as stream:
            return _sha256(cast(IO[bytes], stream))
    except (EOFError, gzip.BadGzipFile) as error:
        raise DescriptorError(f"{layer}: not a whole gzip stream: {error}") from error


def _zstd_diff_id(layer: Path) -> str:
    program = shutil.which("zstd")
    if program is None:
        raise DescriptorError(f"{layer}: compressed with zstd, and there is no program zstd on PATH")
    # As its standard input, since zstd declines to open symbolic links, and in a sandbox every input is one.
    with (
        layer.open("rb") as stream,
        subprocess.Popen(
            [program, "--decompress", "--stdout"], stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process,
    ):
        diff_id = _sha256(cast(IO[bytes], process.stdout))
    if process.returncode:
        raise DescriptorError(f"{layer}: not a whole zstd stream")
    return diff_id


def describe(layer: Path, owner: str) -> dict[str, Any]:
    """Reads a layer once (twice when it is compressed).

    Args:
        layer: a tar, plain or compressed with gzip or zstd, told apart by its first bytes.
        owner: the label of the target that made it, for the history.

    Raises:
        DescriptorError: when the compressed stream is broken.
    """
    with layer.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        digest = _sha256(file)
    if magic.startswith(_GZIP):
        suffix, diff_id = "+gzip", _gzip_diff_id(layer)
    elif magic == _ZSTD:
        suffix, diff_id = "+zstd", _zstd_diff_id(layer)
    else:
        suffix, diff_id = "", digest
    return {
        "descriptor": {"mediaType": _MEDIA_TYPE + suffix, "digest": digest, "size": layer.stat().st_size},
        "diff_id": diff_id,
        "history": {"created": _EPOCH, "created_by": f"bazel build {owner}"},
    }


def main(arguments: list[str]) -> None:
    layer, output, owner = arguments
    try:
        description = describe(Path(layer), owner)
    except DescriptorError as error:
        sys.exit(str(error))
    Path(output).write_text(json.dumps(description, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
