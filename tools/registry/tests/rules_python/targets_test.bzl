"""Tests of which dependencies a wheel's target gets."""

load("@bazel_skylib//lib:partial.bzl", "partial")
load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//tools/registry/rules_python/python/private/pip:dependencies.bzl", "dependencies")  # buildifier: disable=bzl-visibility

_REQUIRES = {
    "": ["click", "left_out"],
    "all": ["uvicorn", "websockets"],
    "standard": ["httptools", "uvicorn"],
}

_LOCKED = {name: [] for name in ["click", "httptools", "websockets"]}

def _dependencies_test_impl(ctx):
    env = unittest.begin(ctx)

    # What the lock leaves out is left out, and so are extras that nobody asked for.
    asserts.equals(env, ["click"], dependencies("uvicorn", _REQUIRES, _LOCKED | {"uvicorn": []}))

    # An extra that names the distribution itself brings no cycle.
    asserts.equals(env, ["click", "httptools"], dependencies("uvicorn", _REQUIRES, _LOCKED | {"uvicorn": ["standard"]}))
    asserts.equals(
        env,
        ["click", "httptools", "websockets"],
        dependencies("uvicorn", _REQUIRES, _LOCKED | {"uvicorn": ["all", "standard"]}),
    )

    # An extra that this version no longer has.
    asserts.equals(env, ["click"], dependencies("uvicorn", _REQUIRES, _LOCKED | {"uvicorn": ["gone"]}))
    return unittest.end(env)

_dependencies_test = unittest.make(_dependencies_test_impl)

def targets_test_suite(name):
    """Declares the tests.

    Args:
      name: of the test suite.
    """
    unittest.suite(name, partial.make(_dependencies_test, size = "small"))
