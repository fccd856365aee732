"""The repository that holds the browser."""

load("//tools/lint:npm_package.bzl", "npm_package")

def _browser_impl(module_ctx):
    # Built for machines without a desktop: beside libc it needs no library of the system, and it has a font of its own.
    npm_package(
        name = "chromium",
        package = "@sparticuz/chromium@153.0.0",
        sha256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0",
    )
    return module_ctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = [],
        root_module_direct_dev_deps = ["chromium"],
    )

browser = module_extension(implementation = _browser_impl)
