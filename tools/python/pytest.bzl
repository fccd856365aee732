"""Python unit tests: pytest under Bazel."""

load("@rules_python//python:py_test.bzl", "py_test")

_COVERAGE_MAIN = "//tools/python:coverage_main.py"
_MAIN = "//tools/python:pytest_main.py"
_CONFIG = "//tools/python:pytest.ini"

def _is_test(src):
    file = src.split("/")[-1].split(":")[-1]
    return file.startswith("test_") or file.endswith("_test.py")

def pytest_test(name, srcs, deps = [], data = [], args = [], size = "small", **kwargs):
    """Runs pytest on the test modules among its sources.

    Every case is in Bazel's test.xml; `--test_filter` is pytest's `-k`; `shard_count` spreads the cases. A test
    that collects nothing fails.

    Args:
      name: of the target.
      srcs: test modules (`test_*.py`, `*_test.py`) and what goes with them, such as conftest.py.
      deps: py_library targets; pytest and pytest-asyncio are there without being named.
      data: files needed at run time.
      args: more arguments for pytest.
      size: with its default a test has a minute.
      **kwargs: the other attributes of py_test.
    """
    modules = [src for src in srcs if _is_test(src)]
    if not modules:
        fail("pytest_test {}: no test_*.py or *_test.py among srcs".format(name))
    py_test(
        name = name,
        srcs = srcs + [_MAIN],
        args = ["$(rootpath {})".format(module) for module in modules] + args,
        data = data + [_CONFIG],
        main = _MAIN,
        size = size,
        deps = deps + [
            "//tools/python:pytest_shard",
            "@pypi//pytest",
            "@pypi//pytest_asyncio",
        ],
        **kwargs
    )

def coverage_test(name, srcs, packages, minimum, deps = [], data = [], **kwargs):
    """Runs the unit tests of some packages in one pytest, and fails where too little of one is covered.

    It prints the lines and branches that no test takes. `bazel coverage` makes a report; nobody is held to it.

    Args:
      name: of the target.
      srcs: test modules, as for pytest_test, or filegroups of them from other packages.
      packages: Python packages, such as "orchestrator.domain".
      minimum: percent of the lines, and by themselves of the branches, that each package must have covered.
      deps: py_library targets: the packages, and what their tests need.
      data: files needed at run time.
      **kwargs: the other attributes of py_test.
    """
    py_test(
        name = name,
        srcs = srcs + [_COVERAGE_MAIN],
        args = ["--cover={}".format(package) for package in packages] +
               ["--minimum={}".format(minimum)] +
               ["$(rootpaths {})".format(src) for src in srcs],
        data = data + [_CONFIG],
        main = _COVERAGE_MAIN,
        deps = deps + [
            "//tools/python:pytest_main",
            "@pypi//coverage",
            "@pypi//pytest_asyncio",
        ],
        **kwargs
    )
