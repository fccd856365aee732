import math
from dataclasses import replace

import numpy as np
import pytest

from images.model.random_weights import TINYLLAMA, random_weights
from images.model.tokenizer import BpeTokenizer

SMALL = replace(TINYLLAMA, layers=1, hidden=64, intermediate=96, heads=4, kv_heads=2, vocabulary=50)


def test_it_has_tinyllamas_number_of_parameters() -> None:
    assert sum(map(math.prod, TINYLLAMA.shapes().values())) == 1_100_048_384


def test_the_same_seed_makes_the_same_weights() -> None:
    first, again, other = (list(random_weights(SMALL, seed).values) for seed in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_every_tensor_has_its_shape_and_norms_do_nothing() -> None:
    weights = random_weights(SMALL, 1)
    values = dict(zip(weights.shapes, weights.values, strict=True))
    assert {name: tensor.shape for name, tensor in values.items()} == weights.shapes
    assert (values["model.norm.weight"] == 1).all()
    assert values["lm_head.weight"].std() == pytest.approx(0.02, rel=0.1)


def tokenizer(tokens: list[str], merges: list[tuple[str, str]]) -> BpeTokenizer:
    return BpeTokenizer(tokens, merges, special=1, bos=0, eos=0, unknown=0, pad=0, chat_template="")


def test_a_tokenizer_is_cut_to_a_vocabulary_by_its_last_merges() -> None:
    whole = tokenizer(["<s>", "a", "b", "c", "ab", "abc"], [("a", "b"), ("ab", "c")])
    cut = whole.truncated(5)
    assert cut.tokens == ["<s>", "a", "b", "c", "ab"]
    assert cut.merges == [("a", "b")]


@pytest.mark.parametrize("size", [3, 7])
def test_a_tokenizer_is_neither_cut_into_its_alphabet_nor_made_larger(size: int) -> None:
    with pytest.raises(ValueError, match=f"cannot be cut to {size}"):
        tokenizer(["<s>", "a", "b", "c", "ab", "abc"], [("a", "b"), ("ab", "c")]).truncated(size)
