"""The default model, as it is built: what vLLM will read."""

import json
import os
from pathlib import Path
from typing import Any

import jinja2
import pytest
from safetensors import safe_open
from tokenizers import Tokenizer

MODEL = Path(os.environ["MODEL_DIRECTORY"])


def read(name: str) -> Any:
    return json.loads((MODEL / name).read_text())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def test_it_is_smollm2_of_135_million_parameters() -> None:
    config = read("config.json")
    assert config["architectures"] == ["LlamaForCausalLM"]
    sizes = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    assert [config[size] for size in sizes] == [576, 1536, 30, 9, 3]
    assert (config["vocab_size"], config["max_position_embeddings"]) == (49_152, 8_192)
    assert (config["rope_theta"], config["rms_norm_eps"]) == (100_000.0, 1e-05)


def test_the_weights_have_every_tensor_of_a_llama_with_tied_embeddings() -> None:
    with safe_open(MODEL / "model.safetensors", framework="numpy") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - not a mapping
    assert len(shapes) == 272
    assert "lm_head.weight" not in shapes
    assert shapes["model.embed_tokens.weight"] == [49_152, 576]
    assert shapes["model.layers.29.self_attn.k_proj.weight"] == [192, 576]
    assert shapes["model.layers.0.mlp.down_proj.weight"] == [576, 1536]


# What the published tokenizer makes of them. transformers' own reading of the GGUF splits digits later, and so
# takes line ends before a digit apart; the published one does not.
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world! 123", [19556, 905, 17, 216, 33, 34, 35]),
        ("In 2026, the weather", [788, 216, 34, 32, 34, 38, 28, 260, 3947]),
        ("Café déjà vu.", [51, 1939, 2756, 32564, 90, 16739, 386, 101, 30]),
        ("  multiple   spaces", [216, 2701, 256, 5600]),
        ("<|im_start|>user\n", [1, 4093, 198]),
        ("<|im_end|>", [2]),
    ],
)
def test_known_texts_have_known_tokens(text: str, ids: list[int], tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(text).ids == ids


@pytest.mark.parametrize("text", ["def f(x):\n    return x", "ñandú €", "  two  spaces ", "日本語", "\t\r\n"])
def test_a_text_survives_encoding_and_decoding(text: str, tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_chat_template_renders_a_dialogue() -> None:
    template = jinja2.Environment(autoescape=False).from_string(read("tokenizer_config.json")["chat_template"])  # noqa: S701
    messages = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Which?"}]
    assert template.render(messages=messages, add_generation_prompt=True) == (
        "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n"
    )
