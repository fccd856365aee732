"""Layers of the project's own Python code."""

load("@rules_python//python:py_info.bzl", "PyInfo")
load("//images/layer:actions.bzl", "reproducible_layer")

AppInfo = provider(
    doc = "The files that a layer of our own code has.",
    fields = {"files": "list of Files"},
)

def _ours(file):
    """Whether a file belongs to this repository, and to what runs (stubs only serve checkers)."""
    return not file.short_path.startswith("../") and file.extension not in ("pyi", "so", "pyc")

def _entry(file):
    return "{}={}".format(file.short_path, file.path)

def _python_app_layer_impl(ctx):
    files = depset(transitive = [
        depset(transitive = [
            dep[PyInfo].transitive_sources,
            dep[DefaultInfo].default_runfiles.files,
        ])
        for dep in ctx.attr.deps
    ])
    below = {file: True for lower in ctx.attr.minus for file in lower[AppInfo].files}
    ours = [file for file in files.to_list() if _ours(file) and file not in below]

    def arguments(layer):
        args = ctx.actions.args()
        args.use_param_file("@%s", use_always = True)
        args.set_param_file_format("multiline")
        args.add("--output", layer)
        args.add("--prefix", ctx.attr.prefix.strip("/"))
        args.add_all(ours, before_each = "--file", map_each = _entry, expand_directories = False)
        return args

    return reproducible_layer(
        ctx,
        arguments = arguments,
        executable = ctx.executable._pack,
        inputs = ours,
        mnemonic = "AppLayer",
        progress_message = "Packing application layer %{label}",
    ) + [AppInfo(files = ours)]

python_app_layer = rule(
    doc = """A layer with the Python files, and the data files, of this repository that libraries need.

    They lie below `prefix` at their paths in the repository, compiled ahead.""",
    implementation = _python_app_layer_impl,
    attrs = {
        "deps": attr.label_list(
            doc = "The libraries: all that they depend on inside this repository comes along.",
            mandatory = True,
            providers = [PyInfo],
        ),
        "minus": attr.label_list(
            doc = "Layers below this one, with the same prefix: what they have is left out.",
            providers = [AppInfo],
        ),
        "prefix": attr.string(doc = "Folder in the image.", default = "/app"),
        "_pack": attr.label(default = "//images/app:pack", executable = True, cfg = "exec"),
    },
)
