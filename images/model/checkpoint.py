"""Checkpoints as Hugging Face's libraries and vLLM read them: a directory of JSON and weights.

Weights are one safetensors file. Format: https://github.com/huggingface/safetensors#format — the
length of a JSON header as 8 bytes, little-endian; the header; then the tensors' bytes. It is
written here tensor by tensor, because the library wants all of them in memory.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]
FloatArray = npt.NDArray[np.float32]

_ALIGNMENT = 8
_BFLOAT16_BYTES = 2


def bfloat16(values: FloatArray) -> npt.NDArray[np.uint16]:
    """The bits of the values as bfloat16, rounded to nearest, ties to even. No NaN may be in it."""
    bits = values.view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded >> np.uint32(16)).astype(np.uint16)


@dataclass(frozen=True)
class Weights:
    """Tensors by name: their shapes, and a function's worth of values in the same order."""

    shapes: Mapping[str, Shape]
    values: Iterator[FloatArray]


def write_weights(path: Path, weights: Weights) -> None:
    """Write the weights as bfloat16, in order."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in weights.shapes.items():
        end = offset + int(np.prod(shape)) * _BFLOAT16_BYTES
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": (offset, end)}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for (name, shape), values in zip(weights.shapes.items(), weights.values, strict=True):
            if values.shape != shape:
                raise ValueError(f"{name} has shape {values.shape}, announced as {shape}")
            file.write(bfloat16(np.ascontiguousarray(values)).astype("<u2").tobytes())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
