"""Linters as tests."""

load("@rules_python//python:py_test.bzl", "py_test")

LISTING = "@workspace_files//:files.txt"

def lint_test(name, program, sources, data = [], deps = [], size = "small"):
    """A test that a linter finds nothing in any file of its kind, in the whole workspace.

    Args:
      name: of the linter in linters.py.
      program: the linter's executable.
      sources: the target of @workspace_files with its files.
      data: its configuration, and what else it reads.
      deps: libraries whose types it reads.
      size: as of any test.
    """
    py_test(
        name = name,
        size = size,
        srcs = ["//tools/lint:check.py"],
        args = [
            name,
            "$(rootpath {})".format(program),
            "$(rlocationpath {})".format(LISTING),
        ],
        data = data + [
            LISTING,
            program,
            sources,
        ],
        main = "//tools/lint:check.py",
        tags = ["lint"],
        deps = deps + ["//tools/lint"],
    )
