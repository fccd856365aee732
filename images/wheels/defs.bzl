"""Layers of Python wheels."""

load("//images/layer:actions.bzl", "reproducible_layer")

WheelsInfo = provider(
    doc = "The wheels that a layer installs.",
    fields = {"wheels": "list of Files"},
)

# Nothing that runs reads these: they serve compilers, type checkers and browsers' debuggers.
_EXCLUDE = [
    "*.a",
    "*.cuh",
    "*.h",
    "*.hpp",
    "*.js.map",
    "*.pxd",
    "*.pyi",
]

def _wheels(target, closure):
    """The wheel files of a `@pypi//NAME:whl` target, with those it depends on or without."""
    files = target[DefaultInfo].files.to_list()
    if closure:
        files = files + target[DefaultInfo].default_runfiles.files.to_list()
    return [file for file in files if file.extension == "whl"]

def _wheel_layer_impl(ctx):
    below = {wheel: True for lower in ctx.attr.minus for wheel in lower[WheelsInfo].wheels}
    wanted = {
        wheel: True
        for target in ctx.attr.wheels
        for wheel in _wheels(target, ctx.attr.closure)
        if wheel not in below
    }
    wheels = wanted.keys()

    def arguments(layer):
        args = ctx.actions.args()
        args.use_param_file("@%s")
        args.set_param_file_format("multiline")
        args.add("--output", layer)
        args.add_all(_EXCLUDE + ctx.attr.exclude, before_each = "--exclude")
        if ctx.attr.strip:
            args.add("--strip")
        args.add_all(wheels)
        return args

    return reproducible_layer(
        ctx,
        arguments = arguments,
        executable = ctx.executable._install,
        inputs = wheels,
        mnemonic = "WheelLayer",
        progress_message = "Installing {} wheels into layer %{{label}}".format(len(wheels)),
    ) + [WheelsInfo(wheels = wheels)]

wheel_layer = rule(
    doc = """A layer with wheels installed where Debian's Python looks for local packages, scripts in
    /usr/local/bin, and bytecode compiled ahead (of the unchecked-hash kind, so that a start compares nothing).""",
    implementation = _wheel_layer_impl,
    attrs = {
        "closure": attr.bool(
            doc = "Whether the wheels that these depend on come along.",
            default = True,
        ),
        "exclude": attr.string_list(
            doc = "Patterns of paths, relative to the folder of packages, to leave out; `*` matches slashes too.",
        ),
        "minus": attr.label_list(
            doc = "Layers below or beside this one: what they install is left out.",
            providers = [WheelsInfo],
        ),
        "strip": attr.bool(
            doc = "Whether libraries lose their debug data: vLLM's are a fifth of the size without.",
            default = True,
        ),
        "wheels": attr.label_list(doc = "Targets `@pypi//NAME:whl`.", mandatory = True),
        "_install": attr.label(default = "//images/wheels:install", executable = True, cfg = "exec"),
    },
)
