"""The models there are; //images/model:name chooses one."""

DEFAULT_MODEL = "smollm2-135m-instruct"

MODELS = [
    "opt-125m",
    "smollm2-135m-instruct",
    "tinyllama-1.1b-chat",
    "tinyllama-size-random",
]

# What each is served in on a CPU. float32 is faster for a small one, and its answers do not depend on
# what else is in the batch; with a billion parameters memory sets the pace, and bfloat16 is three times as fast.
DTYPES = {
    "opt-125m": "float32",
    "smollm2-135m-instruct": "float32",
    "tinyllama-1.1b-chat": "bfloat16",
    "tinyllama-size-random": "bfloat16",
}

def by_model(values):
    """Returns a `select` on the chosen model.

    Args:
      values: the attribute's value for each model, by the model's name.
    """
    return select({Label("//images/model:is_" + model): value for model, value in values.items()})
