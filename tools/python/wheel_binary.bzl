"""Programs that are carried by wheels."""

def _wheel_binary_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add(ctx.file.wheel)
    args.add(ctx.attr.member)
    args.add(program)
    ctx.actions.run(
        executable = ctx.executable._extract,
        arguments = [args],
        inputs = [ctx.file.wheel],
        outputs = [program],
        mnemonic = "WheelBinary",
        progress_message = "Extracting %{output}",
    )
    return [DefaultInfo(executable = program, files = depset([program]))]

wheel_binary = rule(
    implementation = _wheel_binary_impl,
    doc = "One member of a wheel as an executable file.",
    attrs = {
        "member": attr.string(mandatory = True, doc = "A glob that one member matches, such as `*/scripts/ruff`."),
        "wheel": attr.label(allow_single_file = [".whl"], mandatory = True, doc = "A wheel, such as `@pypi//ruff:whl`."),
        "_extract": attr.label(default = "//tools/python:wheel_extract", executable = True, cfg = "exec"),
    },
    executable = True,
)
