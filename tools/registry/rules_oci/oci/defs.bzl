"""Public entry point: `oci_image` and `oci_load`, with the attributes of rules_oci 2."""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("//oci/private:image.bzl", "oci_image_rule")
load("//oci/private:load.bzl", "oci_load_rule")

def _inline(name, kind, value, separator = "\n"):
    """A label for a value given in place: a list or a dict becomes a generated file."""
    if type(value) == "dict":
        value = ["{}={}".format(key, item) for key, item in value.items()]
    elif type(value) != "list":
        return value
    file = "{}_{}".format(name, kind)
    write_file(
        name = file,
        out = "{}.{}.txt".format(name, kind),
        # A newline inside a value travels as %5Cn, as in rules_oci.
        content = [separator.join([item.replace("\n", "%5Cn") for item in value])],
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    return file

def oci_image(
        name,
        created = None,
        labels = None,
        annotations = None,
        env = None,
        cmd = None,
        entrypoint = None,
        exposed_ports = None,
        volumes = None,
        **kwargs):
    """An OCI image: a layout directory whose only manifest is the image's.

    Also declares `NAME.digest`, a file with the digest of the manifest.

    Args:
      name: of the target, and of the directory.
      created: a file with the image's time stamp (RFC 3339); without it, the epoch.
      labels: a dict, or a file with a NAME=VALUE per line.
      annotations: of the manifest; a dict, or a file with a NAME=VALUE per line.
      env: a dict, or a file with a NAME=VALUE per line. `$NAME` and `${NAME}` are replaced by the base's values.
      cmd: a list, or a file with an argument per line.
      entrypoint: a list, or a file with an argument per line. It resets the base's cmd.
      exposed_ports: a list, or a file with a comma between the ports.
      volumes: a list, or a file with a comma between the paths.
      **kwargs: base, tars, user, workdir, os, architecture, variant, and what every rule takes.
    """
    oci_image_rule(
        name = name,
        annotations = _inline(name, "annotations", annotations),
        cmd = _inline(name, "cmd", cmd),
        created = created,
        entrypoint = _inline(name, "entrypoint", entrypoint),
        env = _inline(name, "env", env),
        exposed_ports = _inline(name, "exposed_ports", exposed_ports, ","),
        labels = _inline(name, "labels", labels),
        volumes = _inline(name, "volumes", volumes, ","),
        **kwargs
    )
    native.filegroup(
        name = name + ".digest",
        srcs = [name],
        output_group = "digest",
        tags = kwargs.get("tags"),
        testonly = kwargs.get("testonly"),
        visibility = kwargs.get("visibility"),
    )

def oci_load(name, repo_tags = None, **kwargs):
    """`bazel run` of it loads an image into podman's storage.

    Args:
      name: of the target.
      repo_tags: a list of names to give the image, or a file with one per line.
      **kwargs: image, and what every rule takes.
    """
    oci_load_rule(
        name = name,
        repo_tags = _inline(name, "repo_tags", repo_tags),
        **kwargs
    )
