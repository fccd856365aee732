"""What the public macros have in common: a target that runs the harness with one of its commands."""

def program(rule, name, command, manifest = None, args = [], **kwargs):
    """Runs the harness.

    Args:
      rule: py_binary or py_test.
      name: of the target.
      command: what the harness is to do, as its command line has it.
      manifest: name of the manifest to do it with, if the command takes one.
      args: arguments that follow.
      **kwargs: other attributes of the rule.
    """
    rule(
        name = name,
        srcs = [Label("//tools/stack:main.py")],
        args = [command] + (["$(rlocationpath {})".format(manifest)] if manifest else []) + args,
        data = [manifest] if manifest else [],
        main = Label("//tools/stack:main.py"),
        deps = [Label("//tools/stack/runner")],
        **kwargs
    )
