"""The rule behind oci_image."""

_TARS = [".tar", ".tgz", ".tar.gz", ".tzst", ".tar.zst"]

# The file attributes, in the order in which the tool applies them.
_FILES = ["annotations", "cmd", "created", "entrypoint", "env", "exposed_ports", "labels", "volumes"]
_STRINGS = ["architecture", "os", "user", "variant", "workdir"]

def _descriptor(ctx, index, layer):
    """Hashes a layer, once for each image that adds it and never for those on top of it."""
    output = ctx.actions.declare_file("{}.{}.descriptor.json".format(ctx.label.name, index))
    args = ctx.actions.args()
    args.add(layer)
    args.add(output)
    args.add(str(layer.owner))
    ctx.actions.run(
        executable = ctx.executable._descriptor,
        inputs = [layer],
        outputs = [output],
        arguments = [args],
        mnemonic = "OCIDescriptor",
        progress_message = "OCI descriptor of %{input}",
    )
    return output

def _oci_image_impl(ctx):
    platform = ctx.attr.os or ctx.attr.architecture or ctx.attr.variant
    if not ctx.attr.base and not (ctx.attr.os and ctx.attr.architecture):
        fail("'os' and 'architecture' are mandatory when 'base' is unspecified.")
    if ctx.attr.base and platform:
        fail("'os', 'architecture' and 'variant' come from the image provided by 'base' and cannot be overridden.")

    layout = ctx.actions.declare_directory(ctx.label.name)
    digest = ctx.actions.declare_file(ctx.label.name + ".json.sha256")
    inputs = []
    blobs = [depset(ctx.files.tars)]
    args = ctx.actions.args()
    args.add(layout.path, format = "--output=%s")
    args.add(digest, format = "--digest=%s")
    if ctx.attr.base:
        args.add(ctx.file.base.path, format = "--base=%s")
        blobs.append(depset([ctx.file.base]))
    for index, layer in enumerate(ctx.files.tars):
        descriptor = _descriptor(ctx, index, layer)
        inputs.append(descriptor)
        args.add_joined([layer, descriptor], join_with = "=", format_joined = "--layer=%s")
    for name in _FILES:
        file = getattr(ctx.file, name)
        if file:
            args.add(file, format = "--{}=%s".format(name.replace("_", "-")))
            inputs.append(file)
    for name in _STRINGS:
        if getattr(ctx.attr, name):
            args.add(getattr(ctx.attr, name), format = "--{}=%s".format(name))

    ctx.actions.run(
        executable = ctx.executable._image,
        # The action reads no layer; Bazel needs them to see through the links to them.
        inputs = depset(inputs, transitive = blobs),
        outputs = [layout, digest],
        arguments = [args],
        mnemonic = "OCIImage",
        progress_message = "OCI image %{label}",
    )
    return [
        # Its blobs are links to layers, which were there when it was made. Out of a remote cache they are files; layers
        # among the runfiles would be fetched beside them.
        DefaultInfo(files = depset([layout])),
        OutputGroupInfo(digest = depset([digest])),
    ]

oci_image_rule = rule(
    implementation = _oci_image_impl,
    doc = "See oci_image in //oci:defs.bzl.",
    attrs = {
        "annotations": attr.label(allow_single_file = True, doc = "NAME=VALUE lines for the manifest."),
        "architecture": attr.string(doc = "As GOARCH spells it. Mandatory without a base."),
        "base": attr.label(allow_single_file = True, doc = "An oci_image whose layers come first."),
        "cmd": attr.label(allow_single_file = True, doc = "An argument per line."),
        "created": attr.label(allow_single_file = True, doc = "An RFC 3339 time stamp."),
        "entrypoint": attr.label(allow_single_file = True, doc = "An argument per line; resets the base's cmd."),
        "env": attr.label(allow_single_file = True, doc = "NAME=VALUE lines, added to the base's."),
        "exposed_ports": attr.label(allow_single_file = True, doc = "Ports with commas between them."),
        "labels": attr.label(allow_single_file = True, doc = "NAME=VALUE lines, added to the base's."),
        "os": attr.string(doc = "As GOOS spells it. Mandatory without a base."),
        "tars": attr.label_list(allow_files = _TARS, doc = "The layers, lowest first; plain, gzip or zstd."),
        "user": attr.string(doc = "user[:group], by name or number."),
        "variant": attr.string(doc = "Of the architecture, such as v8."),
        "volumes": attr.label(allow_single_file = True, doc = "Paths with commas between them."),
        "workdir": attr.string(doc = "Where the process starts."),
        "_descriptor": attr.label(default = ":descriptor", executable = True, cfg = "exec"),
        "_image": attr.label(default = ":image", executable = True, cfg = "exec"),
    },
)
