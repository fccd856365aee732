"""A repository with the source files of the workspace, so that linters see each of them.

A linter that is given the files of targets misses those that no target names. This lists the folders themselves; Bazel
runs it again when an entry of a folder comes or goes, and follows the links to see an edit.
"""

# By suffix, and by name where there is none. What is left over (documents, locks) concerns no linter.
_SUFFIXES = ["bazel", "bzl", "proto", "py", "pyi", "sh"]
_NO_SOURCES = ["__pycache__", "node_modules"]

def _is_source(name):
    _, dot, suffix = name.rpartition(".")
    return not dot or suffix in _SUFFIXES

def _is_searched(path):
    name = path.basename
    if name in _NO_SOURCES or (name.startswith(".") and name != ".ci"):
        return False

    # Bazel's links to its outputs, in this module and in those below it.
    return not (name.startswith("bazel-") and path.dirname.get_child("MODULE.bazel").exists)

def _list_sources(root):
    sources = []
    folders = [root]

    # Starlark has no while and no recursion; a workspace has fewer folders than this.
    for _ in range(100000):
        if not folders:
            break
        for entry in folders.pop().readdir(watch = "yes"):
            if entry.is_dir:
                if _is_searched(entry):
                    folders.append(entry)
            elif _is_source(entry.basename):
                sources.append(entry)
    return sources

def _workspace_files_impl(repository_ctx):
    root = repository_ctx.workspace_root
    prefix = len(str(root)) + 1
    names = sorted([str(source)[prefix:] for source in _list_sources(root)])
    for name in names:
        # A BUILD file of that name would begin a package here.
        repository_ctx.symlink(root.get_child(name), "files/" + name + ".source")
    repository_ctx.file("files.txt", "".join([name + "\n" for name in names]))
    repository_ctx.file("BUILD.bazel", """\
package(default_visibility = ["//visibility:public"])

exports_files(["files.txt"])

filegroup(
    name = "python",
    srcs = glob(["files/**/*.py.source", "files/**/*.pyi.source"], allow_empty = True),
)

filegroup(
    name = "starlark",
    srcs = glob(["files/**/*.bzl.source", "files/**/*.bazel.source", "files/WORKSPACE.source"], allow_empty = True),
)

filegroup(
    name = "protos",
    srcs = glob(["files/**/*.proto.source"], allow_empty = True),
)

filegroup(
    name = "scripts",
    srcs = glob(
        ["files/**"],
        allow_empty = True,
        exclude = ["files/**/*.{}.source".format(suffix) for suffix in ["bazel", "bzl", "proto", "py", "pyi"]] + ["files/WORKSPACE.source"],
    ),
)
""")

workspace_files = repository_rule(
    implementation = _workspace_files_impl,
    doc = "Links to every source file, each as files/PATH.source, and their paths in files.txt.",
    local = True,
)
