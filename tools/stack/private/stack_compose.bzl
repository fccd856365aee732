"""The macro `stack_compose`."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load(":program.bzl", "program")
load(":stack.bzl", "manifest")

def stack_compose(name, stack, publish = {}, healthchecks = {}, testonly = False, **kwargs):
    """A program that writes the stack as a compose file; `bazel run NAME -- --help` explains it.

    Probes become health checks, which run inside the containers. http, tcp, redis and JetStream need bash in the image;
    http with `json` or `regex`, grpc and ray need python3, and for grpc and ray also grpcio. For an image without
    them give another command in `healthchecks`.

    Args:
      name: of the program.
      stack: the `stack` to write.
      publish: `SERVICE:PORT` to the number on 127.0.0.1 where that port is reachable.
      healthchecks: service to a command, as a list of words, that ends with 0 inside its container when it is ready;
        it takes the place of the probe.
      testonly: as for every rule.
      **kwargs: other attributes of py_binary, such as `visibility`.
    """
    manifest(
        name = name + ".manifest",
        testonly = testonly,
        healthchecks = healthchecks,
        publish = {port: str(number) for port, number in publish.items()},
        stack = stack,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    program(
        py_binary,
        name = name,
        testonly = testonly,
        command = "compose",
        manifest = name + ".manifest",
        **kwargs
    )
