"""Layers of Debian packages."""

load("//images/layer:actions.bzl", "reproducible_layer")

# What no process in a container reads: documentation (but the licences), translations, what is for
# init systems and package managers, and glibc's character set converters.
_EXCLUDE = [
    "etc/default/*",
    "etc/init.d/*",
    "etc/logrotate.d/*",
    "etc/update-motd.d/*",
    "usr/lib/init/*",
    "usr/lib/systemd/*",
    "usr/lib/x86_64-linux-gnu/gconv/*",
    "usr/share/base-files/*",
    "usr/share/bash-completion/*",
    "usr/share/bug/*",
    "usr/share/doc/*",
    "usr/share/gcc/*",
    "usr/share/gdb/*",
    "usr/share/info/*",
    "usr/share/lintian/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "!usr/share/doc/*/copyright",
]

def _rootfs_layer_impl(ctx):
    symlinks = ["{}={}".format(path, target) for path, target in sorted(ctx.attr.symlinks.items())]

    def arguments(layer):
        args = ctx.actions.args()
        args.add("--output", layer)
        args.add_all(ctx.files.debs, before_each = "--deb")
        args.add_all(_EXCLUDE + ctx.attr.exclude, before_each = "--exclude")
        args.add_all(ctx.attr.bytecode, before_each = "--bytecode")
        args.add_all(symlinks, before_each = "--symlink")
        if ctx.attr.skeleton:
            args.add("--skeleton")
        return args

    return reproducible_layer(
        ctx,
        arguments = arguments,
        executable = ctx.executable._merge,
        inputs = ctx.files.debs,
        mnemonic = "RootfsLayer",
        progress_message = "Unpacking Debian packages for %{label}",
    )

rootfs_layer = rule(
    doc = """A layer with the files of Debian packages, as distroless images have them.

    No maintainer script runs. /bin, /lib and the like are links into /usr. Everything belongs to root and
    can be read by all; what scanners need to know of packages is in /var/lib/dpkg/status.d.""",
    implementation = _rootfs_layer_impl,
    attrs = {
        "bytecode": attr.string_list(doc = "Folders, relative to the root, whose Python is compiled."),
        "debs": attr.label_list(
            doc = "The packages, as of @debian.",
            allow_files = [".deb"],
            mandatory = True,
        ),
        "exclude": attr.string_list(
            doc = """Patterns of paths, relative to the root, to leave out; `*` matches slashes too, and with a `!`
            ahead a pattern keeps. The last one that matches a path decides.""",
        ),
        "skeleton": attr.bool(
            doc = "Whether this is the bottom layer: with accounts, directories and usr-merge's links.",
        ),
        "symlinks": attr.string_dict(doc = "More links: path, relative to the root, to target."),
        "_merge": attr.label(default = "//images/rootfs:merge", executable = True, cfg = "exec"),
    },
)
