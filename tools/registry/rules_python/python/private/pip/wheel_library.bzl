"""A repository with the contents of a wheel."""

load(":tool.bzl", "run_tool")

_BUILD = """\
load("@{hub}//:packages.bzl", "PACKAGES")
load("@rules_python//python/private/pip:targets.bzl", "wheel_contents")

wheel_contents(
    name = "pkg",
    distribution = "{distribution}",
    hub = "{hub}",
    packages = PACKAGES,
    requires = {requires},
)
"""

def _wheel_library_impl(repository_ctx):
    wheel = repository_ctx.path(repository_ctx.attr.wheel)
    repository_ctx.report_progress("unpacking " + wheel.basename)
    run_tool(repository_ctx, ["unpack", wheel, "."])
    repository_ctx.file("BUILD.bazel", _BUILD.format(
        distribution = repository_ctx.attr.distribution,
        hub = repository_ctx.attr.hub,
        requires = repository_ctx.read(wheel.dirname.get_child("requires.json")),
    ))

wheel_library = repository_rule(
    implementation = _wheel_library_impl,
    attrs = {
        "distribution": attr.string(mandatory = True, doc = "Its normalised name."),
        "hub": attr.string(mandatory = True),
        "wheel": attr.label(mandatory = True),
    },
)
