"""Module extension `debian`: the packages of lock.json as `@debian//:NAME.deb`, and for every
layer of the lock a file group `@debian//:LAYER`."""

load(":apt_sources.bzl", "deb822_mirrors", "one_line_mirrors")
load(":mismatch.bzl", "mismatch")

def _mirrors(rctx):
    """Base addresses: DEBIAN_MIRROR (space-separated), else what apt on this machine uses."""
    given = [base.rstrip("/") for base in rctx.getenv("DEBIAN_MIRROR", "").split(" ") if base]
    if given:
        return given
    found = []
    apt = rctx.path("/etc/apt")
    files = [apt.get_child("sources.list")]
    parts = apt.get_child("sources.list.d")
    if parts.exists:
        files.extend(parts.readdir())
    for file in files:
        if not file.exists:
            continue
        if file.basename.endswith(".list"):
            found.extend(one_line_mirrors(rctx.read(file, watch = "no")))
        elif file.basename.endswith(".sources"):
            found.extend(deb822_mirrors(rctx.read(file, watch = "no")))
    if not found:
        fail("no Debian mirror: apt names none by its address on this machine, so set DEBIAN_MIRROR")
    return {base: True for base in found}.keys()

def _debian_packages_impl(rctx):
    lock = json.decode(rctx.read(rctx.attr.lock))
    mirrors = _mirrors(rctx)
    pending = {
        package["name"]: rctx.download(
            url = ["{}/{}".format(base, package["path"]) for base in mirrors],
            output = package["name"] + ".deb",
            sha256 = package["sha256"],
            allow_fail = True,
            block = False,
        )
        for package in lock["packages"]
    }
    failed = [name for name, token in pending.items() if not token.wait().success]
    if failed:
        fail(mismatch(failed))
    groups = [
        "filegroup(\n    name = {},\n    srcs = {},\n)".format(
            repr(layer),
            repr([name + ".deb" for name in names]),
        )
        for layer, names in lock["layers"].items()
    ]
    rctx.file("BUILD.bazel", "\n\n".join([
        "package(default_visibility = [\"//visibility:public\"])",
        "exports_files({})".format(repr([name + ".deb" for name in pending])),
    ] + groups) + "\n")

_debian_packages = repository_rule(
    doc = "Fetches every package of a lock from the machine's own mirror, verified by SHA-256.",
    implementation = _debian_packages_impl,
    attrs = {"lock": attr.label(mandatory = True, allow_single_file = [".json"])},
)

def _debian_impl(mctx):
    _debian_packages(name = "debian", lock = Label("//images/debian:lock.json"))
    return mctx.extension_metadata(
        root_module_direct_deps = ["debian"],
        root_module_direct_dev_deps = [],
        reproducible = True,
    )

debian = module_extension(
    doc = "Debian packages by images/debian/lock.json.",
    implementation = _debian_impl,
)
