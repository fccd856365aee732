"""The models there are; //images/model:name chooses one."""

DEFAULT_MODEL = "smollm2-135m-instruct"

MODELS = [
    "opt-125m",
    "smollm2-135m-instruct",
    "tinyllama-1.1b-chat",
    "tinyllama-size-random",
]

def by_model(values):
    """Returns a `select` on the chosen model.

    Args:
      values: the attribute's value for each model, by the model's name.
    """
    return select({Label("//images/model:is_" + model): value for model, value in values.items()})
