"""The rule behind oci_load."""

_SCRIPT = """\
#!/bin/sh
# Loads an image into podman's storage and names it.
set -eu
command -v podman >/dev/null || {{ echo "podman is not on PATH" >&2; exit 1; }}
cd "${{RUNFILES_DIR:-$0.runfiles}}/{workspace}"
id=$(podman pull --quiet "oci:{layout}")
{tag}
echo "$id"
"""

_TAG = 'while read -r tag || [ -n "$tag" ]; do podman tag "$id" "$tag"; done <"{file}"'

def _oci_load_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    tags = ctx.file.repo_tags
    ctx.actions.write(script, _SCRIPT.format(
        layout = ctx.file.image.short_path,
        tag = _TAG.format(file = tags.short_path) if tags else "",
        workspace = ctx.workspace_name,
    ), is_executable = True)
    runfiles = ctx.runfiles([ctx.file.image] + ([tags] if tags else []))
    runfiles = runfiles.merge(ctx.attr.image[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

oci_load_rule = rule(
    implementation = _oci_load_impl,
    doc = "See oci_load in //oci:defs.bzl.",
    attrs = {
        "image": attr.label(allow_single_file = True, mandatory = True, doc = "An oci_image."),
        "repo_tags": attr.label(allow_single_file = True, doc = "A name per line."),
    },
    executable = True,
)
