"""How layers and models are built, and how a test sees that they are the same each time."""

# Surroundings that must make no difference.
_ELSEWHERE = {
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "12345",
    "TZ": "Pacific/Auckland",
}

def reproducible_output(ctx, output, again, arguments, **kwargs):
    """Declares the action that makes an output, and a second one that only a test asks for.

    Args:
      ctx: the rule's context.
      output: the file or directory to make.
      again: another one, which the second action makes in other surroundings.
      arguments: a function from an output to the action's Args.
      **kwargs: the other arguments of ctx.actions.run.

    Returns:
      The rule's providers: DefaultInfo, and OutputGroupInfo with the group `again`.
    """
    environment = kwargs.pop("env", {})
    for file, more in [(output, {}), (again, _ELSEWHERE)]:
        ctx.actions.run(
            arguments = [arguments(file)],
            env = environment | more,
            outputs = [file],
            **kwargs
        )
    return [
        DefaultInfo(files = depset([output])),
        OutputGroupInfo(again = depset([again])),
    ]

def reproducible_layer(ctx, arguments, **kwargs):
    """reproducible_output for a rule whose output is the layer NAME.tar."""
    return reproducible_output(
        ctx,
        output = ctx.actions.declare_file(ctx.label.name + ".tar"),
        again = ctx.actions.declare_file(ctx.label.name + ".again.tar"),
        arguments = arguments,
        **kwargs
    )

def _reproducible_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    pairs = [
        (target[DefaultInfo].files.to_list()[0], target[OutputGroupInfo].again.to_list()[0])
        for target in ctx.attr.targets
    ]
    ctx.actions.write(
        output = script,
        content = "\n".join(["#!/bin/sh", "status=0"] + [
            "diff -rq '{}' '{}' || status=1".format(first.short_path, again.short_path)
            for first, again in pairs
        ] + ["exit $status", ""]),
        is_executable = True,
    )
    files = [file for pair in pairs for file in pair]
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = files))]

reproducible_test = rule(
    doc = "Builds layers or models a second time, in other surroundings, and compares them byte for byte.",
    implementation = _reproducible_test_impl,
    attrs = {"targets": attr.label_list(doc = "What reproducible_output declared.", mandatory = True)},
    test = True,
)
