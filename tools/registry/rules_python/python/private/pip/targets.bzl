"""The targets of the generated repositories."""

load("//python:py_library.bzl", "py_library")
load(":dependencies.bzl", "dependencies")

def _labels(distribution, hub, packages, requires, target):
    return ["@{}//{}:{}".format(hub, name, target) for name in dependencies(distribution, requires, packages)]

def wheel_file(name, distribution, file, hub, packages, requires):
    """`:whl`: the wheel, with the wheels of its dependencies as runfiles.

    Args:
      name: whl, for the hub to find.
      distribution: normalised name.
      file: the wheel.
      hub: name of the hub repository.
      packages: normalised name -> extras, of all that is locked.
      requires: extra -> normalised names of what it requires on this platform; "" is no extra.
    """
    native.filegroup(
        name = name,
        srcs = [file],
        data = _labels(distribution, hub, packages, requires, "whl"),
        visibility = ["//visibility:public"],
    )

def wheel_contents(name, distribution, hub, packages, requires):
    """`:pkg`: the unpacked wheel as a py_library.

    Args:
      name: pkg, for the hub to find.
      distribution: normalised name.
      hub: name of the hub repository.
      packages: normalised name -> extras, of all that is locked.
      requires: extra -> normalised names of what it requires on this platform; "" is no extra.
    """
    py_library(
        name = name,
        srcs = native.glob(["site-packages/**/*.py"], allow_empty = True),
        data = native.glob(["site-packages/**"], exclude = ["**/*.py", "**/*.pyc"], allow_empty = True) +
               native.glob(["bin/**", "data/**"], allow_empty = True),
        imports = ["site-packages"],
        visibility = ["//visibility:public"],
        deps = _labels(distribution, hub, packages, requires, "pkg"),
    )
