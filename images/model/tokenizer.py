"""Byte-level BPE tokenizers in the forms that Hugging Face's libraries read."""

from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers


@dataclass(frozen=True)
class BpeTokenizer:
    """A byte-level BPE vocabulary whose pre-tokenizer takes digits one by one, as SmolLM's does.

    `tokens` are by id; `merges` are pairs, best first; the first `special` tokens are control tokens.
    """

    tokens: list[str]
    merges: list[tuple[str, str]]
    special: int
    bos: int
    eos: int
    unknown: int
    pad: int
    chat_template: str

    def truncated(self, size: int) -> "BpeTokenizer":
        """The tokenizer that training would have stopped at with a vocabulary of `size`."""
        surplus = len(self.tokens) - size
        if not 0 <= surplus <= len(self.merges):
            raise ValueError(f"a vocabulary of {len(self.tokens)} cannot be cut to {size}")
        merges = self.merges[: len(self.merges) - surplus]
        return BpeTokenizer(
            tokens=self.tokens[:size],
            merges=merges,
            special=self.special,
            bos=self.bos,
            eos=self.eos,
            unknown=self.unknown,
            pad=self.pad,
            chat_template=self.chat_template,
        )

    def tokenizer_json(self) -> str:
        """The content of tokenizer.json."""
        vocabulary = {token: number for number, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=self.merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        special = [AddedToken(token, special=True) for token in self.tokens[: self.special]]
        tokenizer.add_special_tokens(special)
        text: str = tokenizer.to_str(pretty=True)
        return text + "\n"

    def config_json(self, context: int) -> dict[str, Any]:
        """The content of tokenizer_config.json, for a model with that many positions."""
        return {
            "add_prefix_space": False,
            "bos_token": self.tokens[self.bos],
            "chat_template": self.chat_template,
            "clean_up_tokenization_spaces": False,
            "eos_token": self.tokens[self.eos],
            "model_max_length": context,
            "pad_token": self.tokens[self.pad],
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": self.tokens[self.unknown],
        }
