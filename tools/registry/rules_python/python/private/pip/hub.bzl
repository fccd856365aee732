"""The hub: a package for each locked distribution, with stable labels."""

_BUILD = """\
package(default_visibility = ["//visibility:public"])

alias(
    name = "{package}",
    actual = ":pkg",
)

alias(
    name = "pkg",
    actual = "@{hub}_{package}//:pkg",
)

alias(
    name = "whl",
    actual = "@{hub}_{package}__wheel//:whl",
)
"""

def _hub_impl(repository_ctx):
    hub = repository_ctx.attr.hub_name
    repository_ctx.file("BUILD.bazel")
    repository_ctx.file(
        "packages.bzl",
        '"""What is locked, with the extras that were asked for."""\n\nPACKAGES = ' + json.encode(repository_ctx.attr.packages) + "\n",
    )
    for package in repository_ctx.attr.packages:
        repository_ctx.file(package + "/BUILD.bazel", _BUILD.format(hub = hub, package = package))

_hub = repository_rule(
    implementation = _hub_impl,
    attrs = {
        "hub_name": attr.string(mandatory = True),
        "packages": attr.string_list_dict(mandatory = True),
    },
)

def hub(name, packages):
    """Declares the hub repository.

    Args:
      name: its name, which the labels of its aliases are made from.
      packages: normalised name -> extras.
    """
    _hub(name = name, hub_name = name, packages = packages)
