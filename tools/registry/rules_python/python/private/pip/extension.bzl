"""pip.parse: one repository per wheel, and a hub over them."""

load(":hub.bzl", "hub")
load(":lock.bzl", "normalize", "parse_lock")
load(":wheel_download.bzl", "wheel_download")
load(":wheel_library.bzl", "wheel_library")

def _parse(module_ctx, tag):
    packages = {}
    for pin in parse_lock(module_ctx.read(tag.requirements_lock)):
        package = normalize(pin.name)
        if package in packages:
            fail("{}: {} is locked twice".format(tag.requirements_lock, pin.name))
        packages[package] = pin.extras
        download = "{}_{}__wheel".format(tag.hub_name, package)
        wheel_download(
            name = download,
            hub = tag.hub_name,
            distribution = pin.name,
            version = pin.version,
            hashes = pin.hashes,
        )
        wheel_library(
            name = "{}_{}".format(tag.hub_name, package),
            hub = tag.hub_name,
            wheel = "@{}//:wheel.json".format(download),
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
        "hub_name": attr.string(mandatory = True, doc = "The name of the repository with a package per distribution."),
        "python_version": attr.string(mandatory = True, values = ["3.11"]),
        "requirements_lock": attr.label(mandatory = True, doc = "NAME==VERSION lines with SHA-256 hashes."),
    },
)

pip = module_extension(
    implementation = _pip_impl,
    tag_classes = {"parse": _parse_tag},
)
