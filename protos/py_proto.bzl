"""Python stubs of protos, made by grpcio-tools from the lock."""

load("@rules_python//python:py_library.bzl", "py_library")

def _stubs_impl(ctx):
    stem = ctx.file.src.basename.removesuffix(".proto")
    code = [ctx.actions.declare_file(stem + suffix) for suffix in ("_pb2.py", "_pb2_grpc.py")]
    types = [ctx.actions.declare_file(file.basename + "i", sibling = file) for file in code]

    # The stubs import each other by their path from the repository's root, so protoc must see the proto by that path
    # and write from the root of the output tree.
    root = ctx.bin_dir.path
    args = ctx.actions.args()
    args.add("--proto_path=.")
    args.add(root, format = "--python_out=%s")
    args.add(root, format = "--grpc_python_out=%s")
    args.add(ctx.executable._types_plugin, format = "--plugin=protoc-gen-mypy=%s")
    args.add(root, format = "--mypy_out=quiet:%s")
    args.add(ctx.executable._grpc_types_plugin, format = "--plugin=protoc-gen-mypy_grpc=%s")
    args.add(root, format = "--mypy_grpc_out=quiet:%s")
    args.add(ctx.file.src)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = [ctx.file.src],
        outputs = code + types,
        tools = [ctx.attr._types_plugin[DefaultInfo].files_to_run, ctx.attr._grpc_types_plugin[DefaultInfo].files_to_run],
        mnemonic = "PythonStubs",
        progress_message = "Generating Python stubs of %{label}",
    )
    return [
        DefaultInfo(files = depset(code)),
        OutputGroupInfo(types = depset(types)),
    ]

_stubs = rule(
    implementation = _stubs_impl,
    doc = "Messages and services of one proto as Python modules, with type stubs in the output group `types`.",
    attrs = {
        "src": attr.label(allow_single_file = [".proto"], mandatory = True, doc = "The proto; it imports no other one."),
        "_grpc_types_plugin": attr.label(default = "//protos/tools:protoc_gen_mypy_grpc", executable = True, cfg = "exec"),
        "_protoc": attr.label(default = "//protos/tools:protoc", executable = True, cfg = "exec"),
        "_types_plugin": attr.label(default = "//protos/tools:protoc_gen_mypy", executable = True, cfg = "exec"),
    },
)

def py_proto_library(name, src, packages, visibility):
    """A py_library of the stubs of a proto, for messages and services, with .pyi files for type checkers.

    Args:
      name: of the library.
      src: the proto. It is imported as its path says: `protos/a/v1/b.proto` is `protos.a.v1.b_pb2`.
      packages: the `__init__.py` files on that path.
      visibility: of the library.
    """
    _stubs(
        name = name + "_stubs",
        src = src,
        visibility = ["//visibility:private"],
    )
    native.filegroup(
        name = name + "_types",
        srcs = [name + "_stubs"],
        output_group = "types",
        visibility = ["//visibility:private"],
    )
    py_library(
        name = name,
        srcs = packages + [name + "_stubs"],
        data = [name + "_types"],
        visibility = visibility,
        deps = [
            "@pypi//grpcio",
            "@pypi//protobuf",
        ],
    )
