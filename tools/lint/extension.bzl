"""The repositories that the linters need."""

load(":npm_package.bzl", "npm_package")
load(":workspace_files.bzl", "workspace_files")

def _lint_impl(module_ctx):
    # buildifier is on npm and on GitHub alone.
    npm_package(
        name = "buildifier",
        package = "@bazel/buildifier@8.2.1",
        sha256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee",
    )
    workspace_files(name = "workspace_files")
    return module_ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = [],
        root_module_direct_dev_deps = ["buildifier", "workspace_files"],
    )

lint = module_extension(implementation = _lint_impl)
