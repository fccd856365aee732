"""A repository with one wheel, as it was published."""

load(":lock.bzl", "normalize")
load(":tool.bzl", "run_tool")

_BUILD = """\
load("@{hub}//:packages.bzl", "PACKAGES")
load("@rules_python//python/private/pip:targets.bzl", "wheel_file")

exports_files(["{file}", "requires.json"])

wheel_file(
    name = "whl",
    distribution = "{distribution}",
    file = "{file}",
    hub = "{hub}",
    packages = PACKAGES,
    requires = {requires},
)
"""

def _fetch(repository_ctx, requirement, file, sha256):
    """Bazel's repository cache first, by hash alone; then pip, into the repository cache."""
    cached = repository_ctx.download(url = [], output = file, sha256 = sha256, allow_fail = True)
    if cached.success:
        return
    repository_ctx.report_progress("pip download " + requirement)
    run_tool(repository_ctx, ["download", requirement, sha256, "downloaded"])
    repository_ctx.download(
        url = "file://{}/{}".format(repository_ctx.path("downloaded"), file),
        output = file,
        sha256 = sha256,
    )
    repository_ctx.delete("downloaded")

def _wheel_download_impl(repository_ctx):
    file = repository_ctx.attr.file
    _fetch(repository_ctx, repository_ctx.attr.requirement, file, repository_ctx.attr.sha256)
    requires = run_tool(repository_ctx, ["requires", file])
    repository_ctx.file("requires.json", requires)
    repository_ctx.file("BUILD.bazel", _BUILD.format(
        distribution = normalize(repository_ctx.attr.requirement.partition("==")[0]),
        file = file,
        hub = repository_ctx.attr.hub,
        requires = requires,
    ))

wheel_download = repository_rule(
    implementation = _wheel_download_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "The wheel's name."),
        "hub": attr.string(mandatory = True),
        "requirement": attr.string(mandatory = True, doc = "NAME==VERSION."),
        "sha256": attr.string(mandatory = True),
    },
)
