"""Random weights of a model's sizes: it loads and answers, in nonsense."""

from collections.abc import Iterator

import numpy as np

from images.model.checkpoint import FloatArray, Weights
from images.model.llama import LlamaConfig

# TinyLlama/TinyLlama-1.1B-Chat-v1.0's config.json; the ids of tokens belong to its tokenizer.
TINYLLAMA = LlamaConfig(
    layers=22,
    hidden=2048,
    intermediate=5632,
    heads=32,
    kv_heads=4,
    vocabulary=32_000,
    context=2048,
    rope_theta=10_000.0,
    rms_norm_epsilon=1e-5,
    tied_embeddings=False,
    bos=1,
    eos=2,
    pad=2,
)
_DEVIATION = 0.02  # transformers' initializer_range for Llama


def random_weights(config: LlamaConfig, seed: int) -> Weights:
    """Normally distributed matrices and norms of one; the same for the same seed."""
    shapes = config.shapes()

    def values() -> Iterator[FloatArray]:
        generator = np.random.Generator(np.random.PCG64(seed))
        for name, shape in shapes.items():
            if name.endswith("norm.weight"):
                yield np.ones(shape, np.float32)
            else:
                normal = generator.standard_normal(shape, np.float32)
                yield np.multiply(normal, np.float32(_DEVIATION), out=normal)

    return Weights(shapes, values())
