"""pip.parse: a hub, and behind it two repositories for each locked wheel, each fetched when it is needed.

One has the wheel as it was published, the other its contents: an image layer asks for wheels alone, and torch
unpacked is a gigabyte. Neither depends on the rest of the lock, so that an edit fetches only what it changes;
what the lock says beyond one wheel (which distributions there are, with which extras) is in the hub.
"""

load(":hub.bzl", "hub")
load(":lock.bzl", "normalize", "parse_lock")
load(":wheel_download.bzl", "wheel_download")
load(":wheel_library.bzl", "wheel_library")

def _parse(module_ctx, tag):
    packages = {}
    for locked in parse_lock(module_ctx.read(tag.requirements_lock)):
        package = normalize(locked.name)
        if package in packages:
            fail("{}: {} is locked twice".format(tag.requirements_lock, locked.name))
        packages[package] = locked.extras
        download = "{}_{}__wheel".format(tag.hub_name, package)
        wheel_download(
            name = download,
            file = locked.file,
            hub = tag.hub_name,
            requirement = "{}=={}".format(locked.name, locked.version),
            sha256 = locked.sha256,
        )
        wheel_library(
            name = "{}_{}".format(tag.hub_name, package),
            distribution = package,
            hub = tag.hub_name,
            wheel = "@{}//:{}".format(download, locked.file),
        )
    hub(
        name = tag.hub_name,
        packages = packages,
    )

def _pip_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.parse:
            _parse(module_ctx, tag)
    return module_ctx.extension_metadata(reproducible = True)

_parse_tag = tag_class(
    attrs = {
        "hub_name": attr.string(mandatory = True, doc = "The repository with a package for each distribution."),
        "python_version": attr.string(mandatory = True, values = ["3.11"], doc = "The toolbox has CPython 3.11 alone."),
        "requirements_lock": attr.label(mandatory = True, doc = "One wheel with its SHA-256 per distribution; see lock.bzl."),
        "simpleapi_skip": attr.string_list(doc = "Ignored: every distribution is for pip."),
    },
)

pip = module_extension(
    implementation = _pip_impl,
    tag_classes = {"parse": _parse_tag},
)
