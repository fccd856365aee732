"""The module extension that chooses interpreters."""

def _python_impl(_module_ctx):
    pass

_toolchain = tag_class(
    attrs = {
        "is_default": attr.bool(doc = "Ignored: there is one interpreter."),
        "python_version": attr.string(mandatory = True, values = ["3.11"], doc = "The toolbox has CPython 3.11 alone."),
    },
)

python = module_extension(
    doc = "Accepts the choice of an interpreter; //python/toolchain, the only one there is, is registered by the module.",
    implementation = _python_impl,
    tag_classes = {"toolchain": _toolchain},
)
