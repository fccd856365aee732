"""A repository with an unpacked wheel."""

load(":wheel_download.bzl", "PYTHON")

_BUILD = """\
load("@{hub}//:packages.bzl", "PACKAGES")
load("@rules_python//python/private/pip:targets.bzl", "wheel_contents")

wheel_contents(
    distribution = "{distribution}",
    hub = "{hub}",
    packages = PACKAGES,
    requires = {requires},
)
"""

def _wheel_library_impl(repository_ctx):
    record = repository_ctx.path(repository_ctx.attr.wheel)
    wheel = json.decode(repository_ctx.read(record))
    repository_ctx.report_progress("unpacking " + wheel["file"])
    tool = repository_ctx.path(Label(":wheel.py"))
    result = repository_ctx.execute([PYTHON, "-I", tool, "unpack", record.dirname.get_child(wheel["file"]), "."], timeout = 3600)
    if result.return_code:
        fail(result.stderr)
    repository_ctx.file("BUILD.bazel", _BUILD.format(
        hub = repository_ctx.attr.hub,
        distribution = wheel["distribution"],
        requires = json.encode(wheel["requires"]),
    ))

wheel_library = repository_rule(
    implementation = _wheel_library_impl,
    attrs = {
        "hub": attr.string(mandatory = True),
        "wheel": attr.label(mandatory = True),
    },
)
