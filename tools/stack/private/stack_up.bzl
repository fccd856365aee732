"""The macros `stack_up`, `stack_down` and `stack_logs`."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load(":service.bzl", "short_label")
load(":stack.bzl", "manifest")

def stack_up(name, stack, publish = {}, testonly = False, **kwargs):
    """A program that brings a stack up for a person; `bazel run NAME -- --help` explains it.

    Args:
      name: of the program.
      stack: the `stack` to bring up.
      publish: `SERVICE:PORT` to the number on 127.0.0.1 where that port is reachable by default.
      testonly: as for every rule.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    manifest(
        name = name + ".manifest",
        testonly = testonly,
        publish = {port: str(number) for port, number in publish.items()},
        stack = stack,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    py_binary(
        name = name,
        testonly = testonly,
        srcs = [Label("//tools/stack:main.py")],
        args = [
            "up",
            "$(rlocationpath {}.manifest)".format(name),
        ],
        data = [name + ".manifest"],
        main = Label("//tools/stack:main.py"),
        deps = [Label("//tools/stack/runner")],
        **kwargs
    )

def stack_down(name, stack = None, **kwargs):
    """A program that takes down what a stack_up has brought up, from any terminal. It needs nothing built.

    Args:
      name: of the program.
      stack: label of the only stack that it takes down; without one, it takes down every stack.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    py_binary(
        name = name,
        srcs = [Label("//tools/stack:main.py")],
        args = ["down"] + (["--stack=" + short_label(native.package_relative_label(stack))] if stack else []),
        main = Label("//tools/stack:main.py"),
        deps = [Label("//tools/stack/runner")],
        **kwargs
    )

def stack_logs(name, stack = None, **kwargs):
    """A program that shows what the services of a stack that is up write; `bazel run NAME -- --help` explains it.

    Args:
      name: of the program.
      stack: label of the stack; without one, it takes any stack that is up.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    py_binary(
        name = name,
        srcs = [Label("//tools/stack:main.py")],
        args = ["logs"] + (["--stack=" + short_label(native.package_relative_label(stack))] if stack else []),
        main = Label("//tools/stack:main.py"),
        deps = [Label("//tools/stack/runner")],
        **kwargs
    )
