"""Tests of what fetches the packages; mirror_test.py has the same cases for the lock's refresher."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":apt_sources.bzl", "deb822_mirrors", "one_line_mirrors")
load(":mismatch.bzl", "mismatch")

def _one_line_impl(ctx):
    env = unittest.begin(ctx)
    text = "\n".join([
        "# deb http://commented/debian sid main",
        "deb [arch=amd64 signed-by=/usr/share/k.gpg] http://one/debian/ sid main contrib",
        "deb\thttp://two/debian\tbookworm\tmain # with a comment",
        "deb-src http://source/debian sid main",
        "deb cdrom:[Debian GNU/Linux 12]/ bookworm main",
        "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main",
        "deb https://vendor/apt stable vendor",
        "",
    ])
    asserts.equals(env, ["http://one/debian", "http://two/debian"], one_line_mirrors(text))
    return unittest.end(env)

def _deb822_impl(ctx):
    env = unittest.begin(ctx)
    text = "\n".join([
        "Types: deb deb-src",
        "# a comment inside",
        "URIs: mirror+file:///etc/apt/mirrors/debian.list http://one/debian/",
        " http://two/debian",
        "Suites: bookworm",
        "Components: main",
        "",
        "Types: deb-src",
        "URIs: http://source/debian",
        "Components: main",
        "",
        "Types: deb",
        "URIs: http://vendor/node",
        "Components: other",
    ])
    asserts.equals(env, ["http://one/debian", "http://two/debian"], deb822_mirrors(text))
    asserts.equals(env, [], deb822_mirrors(""))
    return unittest.end(env)

def _mismatch_impl(ctx):
    env = unittest.begin(ctx)
    told = mismatch(["bash", "dash"])
    asserts.true(env, told.startswith("packages of images/debian/lock.json could not be fetched (bash, dash), "))
    asserts.true(env, "if the mirror has newer ones (404, another checksum), run: bazel run //images/debian:lock;" in told)
    asserts.true(env, "if it could not be reached or refused, try again" in told)
    asserts.false(env, "\n" in told)
    asserts.true(env, "(a, b, c and 2 more)" in mismatch(["a", "b", "c", "d", "e"]))
    return unittest.end(env)

_mismatch_test = unittest.make(_mismatch_impl)
_one_line_test = unittest.make(_one_line_impl)
_deb822_test = unittest.make(_deb822_impl)

def fetching_test(name):
    """Declares the tests as a suite.

    Args:
      name: of the suite.
    """
    unittest.suite(name, _deb822_test, _mismatch_test, _one_line_test)
