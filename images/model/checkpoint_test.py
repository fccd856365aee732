from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from images.model.checkpoint import Weights, bfloat16, write_weights


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (1.0, 0x3F80),
        (-2.5, 0xC020),
        (1.0 + 2**-8, 0x3F80),  # halfway: to the even neighbour below
        (1.0 + 3 * 2**-8, 0x3F82),  # halfway: to the even neighbour above
        (1.0 + 2**-8 + 2**-20, 0x3F81),
        (0.0, 0x0000),
    ],
)
def test_values_are_rounded_to_the_nearest_bfloat16(value: float, bits: int) -> None:
    assert bfloat16(np.array([value], np.float32))[0] == bits


def test_the_safetensors_library_reads_what_is_written(tmp_path: Path) -> None:
    tensors = {"b": np.full((2, 3), 0.5, np.float32), "a": np.arange(4, dtype=np.float32)}
    shapes = {name: values.shape for name, values in tensors.items()}
    path = tmp_path / "model.safetensors"
    write_weights(path, Weights(shapes, iter(tensors.values())))
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {"a", "b"}
        assert file.metadata() == {"format": "pt"}
        for name, values in tensors.items():
            assert file.get_slice(name).get_dtype() == "BF16"
            assert file.get_slice(name).get_shape() == list(values.shape)
    written = np.frombuffer(path.read_bytes()[-8:], np.uint16)
    assert list(written) == list(bfloat16(tensors["a"]))


def test_a_tensor_of_another_shape_than_announced_is_refused(tmp_path: Path) -> None:
    weights = Weights({"a": (2, 2)}, iter([np.zeros((2, 3), np.float32)]))
    with pytest.raises(ValueError, match=r"a has shape \(2, 3\), announced as \(2, 2\)"):
        write_weights(tmp_path / "model.safetensors", weights)
