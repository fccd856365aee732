"""Tests of the lock parser."""

load("@bazel_skylib//lib:partial.bzl", "partial")
load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//tools/registry/rules_python/python/private/pip:lock.bzl", "normalize", "parse_lock")  # buildifier: disable=bzl-visibility

_LOCK = """\
# A comment.
attrs==26.1.0 \\
    --hash=sha256:aa
    # wheel: attrs-26.1.0-py3-none-any.whl
    # via ray
ray[Default,cgraph]==2.60.0 \\
    --hash=sha256:bb
    # wheel: ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl
    # via
    #   -r requirements.in
"""

def _parse_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [
        struct(
            name = "attrs",
            version = "26.1.0",
            extras = [],
            sha256 = "aa",
            file = "attrs-26.1.0-py3-none-any.whl",
        ),
        struct(
            name = "ray",
            version = "2.60.0",
            extras = ["default", "cgraph"],
            sha256 = "bb",
            file = "ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl",
        ),
    ], parse_lock(_LOCK))
    asserts.equals(env, [], parse_lock("# nothing\n"))
    return unittest.end(env)

_parse_test = unittest.make(_parse_test_impl)

def _normalize_test_impl(ctx):
    env = unittest.begin(ctx)
    for name, expected in {
        "PyYAML": "pyyaml",
        "a-b_c.d": "a_b_c_d",
        "a.-_b": "a_b",
    }.items():
        asserts.equals(env, expected, normalize(name))
    return unittest.end(env)

_normalize_test = unittest.make(_normalize_test_impl)

def _parsed_impl(ctx):
    parse_lock(ctx.attr.content)
    return []

_parsed = rule(
    implementation = _parsed_impl,
    attrs = {"content": attr.string(mandatory = True)},
)

def _refusal_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refusal_test = analysistest.make(
    _refusal_test_impl,
    attrs = {"message": attr.string(mandatory = True)},
    expect_failure = True,
)

_REFUSED = {
    "marker": ("attrs==1 ; os_name == 'posix'", "not NAME[EXTRAS]==VERSION"),
    "no_hash": ("attrs==1\n    # wheel: attrs-1.whl", "it has 0 and 1"),
    "no_wheel": ("attrs==1 \\\n    --hash=sha256:aa", "it has 1 and 0"),
    "range": ("attrs>=1", "not NAME[EXTRAS]==VERSION"),
    "two_hashes": ("attrs==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # wheel: attrs-1.whl", "it has 2 and 1"),
}

def lock_test_suite(name):
    """Declares the tests.

    Args:
      name: of the test suite.
    """
    for case, (content, message) in _REFUSED.items():
        _parsed(
            name = "{}_{}".format(name, case),
            content = content,
            tags = ["manual"],
        )
        _refusal_test(
            name = "{}_{}_is_refused".format(name, case),
            size = "small",
            message = message,
            target_under_test = ":{}_{}".format(name, case),
        )
    unittest.suite(
        name,
        partial.make(_parse_test, size = "small"),
        partial.make(_normalize_test, size = "small"),
    )
