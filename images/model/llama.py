"""The Llama architecture, as transformers' LlamaForCausalLM names it."""

from dataclasses import dataclass
from typing import Any

from images.model.checkpoint import Shape


@dataclass(frozen=True)
class LlamaConfig:
    """Sizes and constants of a Llama model; `eos`, `bos` and `pad` are ids of tokens."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    rope_theta: float
    rms_norm_epsilon: float
    tied_embeddings: bool
    bos: int
    eos: int
    pad: int

    @property
    def head_size(self) -> int:
        return self.hidden // self.heads

    def shapes(self) -> dict[str, Shape]:
        """Every tensor's name and shape, in the order of the forward pass."""
        kv_size = self.kv_heads * self.head_size
        embedding = (self.vocabulary, self.hidden)
        shapes: dict[str, Shape] = {"model.embed_tokens.weight": embedding}
        for layer in range(self.layers):
            prefix = f"model.layers.{layer}"
            shapes |= {
                f"{prefix}.input_layernorm.weight": (self.hidden,),
                f"{prefix}.self_attn.q_proj.weight": (self.hidden, self.hidden),
                f"{prefix}.self_attn.k_proj.weight": (kv_size, self.hidden),
                f"{prefix}.self_attn.v_proj.weight": (kv_size, self.hidden),
                f"{prefix}.self_attn.o_proj.weight": (self.hidden, self.hidden),
                f"{prefix}.post_attention_layernorm.weight": (self.hidden,),
                f"{prefix}.mlp.gate_proj.weight": (self.intermediate, self.hidden),
                f"{prefix}.mlp.up_proj.weight": (self.intermediate, self.hidden),
                f"{prefix}.mlp.down_proj.weight": (self.hidden, self.intermediate),
            }
        shapes["model.norm.weight"] = (self.hidden,)
        if not self.tied_embeddings:
            shapes["lm_head.weight"] = embedding
        return shapes

    def config_json(self) -> dict[str, Any]:
        """The content of config.json."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": False,
            "attention_dropout": 0.0,
            "bos_token_id": self.bos,
            "dtype": "bfloat16",
            "eos_token_id": self.eos,
            "head_dim": self.head_size,
            "hidden_act": "silu",
            "hidden_size": self.hidden,
            "initializer_range": 0.02,
            "intermediate_size": self.intermediate,
            "max_position_embeddings": self.context,
            "mlp_bias": False,
            "model_type": "llama",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "num_key_value_heads": self.kv_heads,
            "pad_token_id": self.pad,
            "rms_norm_eps": self.rms_norm_epsilon,
            "rope_theta": self.rope_theta,
            "tie_word_embeddings": self.tied_embeddings,
            "use_cache": True,
            "vocab_size": self.vocabulary,
        }

    def generation_json(self) -> dict[str, Any]:
        """The content of generation_config.json."""
        return {"bos_token_id": self.bos, "eos_token_id": self.eos, "pad_token_id": self.pad}
