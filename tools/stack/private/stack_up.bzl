"""The macros `stack_up`, `stack_down`, `stack_logs` and `stack_restart`."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load(":program.bzl", "program")
load(":service.bzl", "short_label")
load(":stack.bzl", "manifest")

def stack_up(name, stack, publish = {}, down = None, testonly = False, **kwargs):
    """A program that brings a stack up for a person; `bazel run NAME -- --help` explains it.

    Args:
      name: of the program.
      stack: the `stack` to bring up.
      publish: `SERVICE:PORT` to the number on 127.0.0.1 where that port is reachable by default.
      down: the `stack_down` of the same stack, which it names where one has to take the stack down.
      testonly: as for every rule.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    manifest(
        name = name + ".manifest",
        testonly = testonly,
        down = down,
        publish = {port: str(number) for port, number in publish.items()},
        stack = stack,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    program(
        py_binary,
        name = name,
        testonly = testonly,
        command = "up",
        manifest = name + ".manifest",
        **kwargs
    )

def stack_down(name, stack = None, **kwargs):
    """A program that takes down what a stack_up has brought up, from any terminal. It needs nothing built.

    Args:
      name: of the program.
      stack: label of the only stack that it takes down; without one, it takes down every stack.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    program(
        py_binary,
        name = name,
        command = "down",
        args = _naming("stack", stack),
        **kwargs
    )

def stack_logs(name, stack = None, up = None, **kwargs):
    """A program that shows what the services of a stack that is up write; `bazel run NAME -- --help` explains it.

    Args:
      name: of the program.
      stack: label of the stack; without one, it takes any stack that is up.
      up: the `stack_up` of that stack, which is named where the stack is not up.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    program(
        py_binary,
        name = name,
        command = "logs",
        args = _naming("stack", stack) + _naming("up", up),
        **kwargs
    )

def stack_restart(name, stack, up = None, testonly = False, tags = [], **kwargs):
    """A program that replaces services of a stack that is up; `bazel run NAME -- --help` explains it.

    ibazel can run it again at each change of what the stack is made of.

    Args:
      name: of the program.
      stack: the `stack`.
      up: the `stack_up` of that stack, which is named where the stack is not up.
      testonly: as for every rule.
      tags: as for every rule.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    manifest(
        name = name + ".manifest",
        testonly = testonly,
        stack = stack,
        tags = ["manual"],
        up = up,
        visibility = ["//visibility:private"],
    )
    program(
        py_binary,
        name = name,
        testonly = testonly,
        command = "restart",
        manifest = name + ".manifest",
        tags = tags,
        **kwargs
    )

def _naming(option, label):
    return ["--{}={}".format(option, short_label(native.package_relative_label(label)))] if label else []
