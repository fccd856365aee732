"""The macro `benchmark`."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("@rules_python//python:py_library.bzl", "py_library")

def benchmark(name, srcs, data = [], deps = []):
    """A benchmark as a program of its own, and as a part of //tools/benchmarks:all.

    Args:
      name: of the benchmark and of its package, whose module `benchmark` has it as BENCHMARK.
      srcs: its modules.
      data: what it needs at run time, such as tests that it runs.
      deps: py_library targets; //tools/benchmarks:core is there without being named.
    """
    py_library(
        name = name + "_lib",
        testonly = True,
        srcs = srcs,
        data = data,
        visibility = ["//tools/benchmarks:__subpackages__"],
        deps = deps + ["//tools/benchmarks:core"],
    )
    py_binary(
        name = name,
        testonly = True,
        srcs = ["//tools/benchmarks:main.py"],
        args = [module_argument(name)],
        main = "//tools/benchmarks:main.py",
        visibility = ["//tools/benchmarks:__pkg__"],
        deps = [name + "_lib"],
    )

def module_argument(name):
    """The argument of main.py for a benchmark."""
    return "--module=tools.benchmarks.{}.benchmark".format(name)
