"""A repository with one wheel in it, as it was published."""

load(":lock.bzl", "normalize")

PYTHON = "/usr/bin/python3.11"

_BUILD = """\
load("@{hub}//:packages.bzl", "PACKAGES")
load("@rules_python//python/private/pip:targets.bzl", "wheel_file")

exports_files(["wheel.json"])

wheel_file(
    distribution = "{distribution}",
    file = "{file}",
    hub = "{hub}",
    packages = PACKAGES,
    requires = {requires},
)
"""

def _wheel_download_impl(repository_ctx):
    attrs = repository_ctx.attr
    requirement = "{}=={}".format(attrs.distribution, attrs.version)
    tool = repository_ctx.path(Label(":wheel.py"))
    repository_ctx.report_progress("pip download " + requirement)
    repository_ctx.file("requirements.txt", " ".join([requirement] + ["--hash=sha256:" + h for h in attrs.hashes]) + "\n")
    result = repository_ctx.execute([PYTHON, "-I", tool, "download", "requirements.txt"], timeout = 3600)
    if result.return_code:
        fail(result.stderr)
    wheel = json.decode(result.stdout)
    path = repository_ctx.path("download/" + wheel["file"])
    repository_ctx.download(
        url = "file://" + str(path),
        output = wheel["file"],
        sha256 = wheel["sha256"],
    )
    repository_ctx.delete("download")
    repository_ctx.file("wheel.json", json.encode(wheel))
    repository_ctx.file("BUILD.bazel", _BUILD.format(
        hub = attrs.hub,
        distribution = normalize(attrs.distribution),
        file = wheel["file"],
        requires = json.encode(wheel["requires"]),
    ))

wheel_download = repository_rule(
    implementation = _wheel_download_impl,
    attrs = {
        "distribution": attr.string(mandatory = True),
        "hashes": attr.string_list(mandatory = True),
        "hub": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)
