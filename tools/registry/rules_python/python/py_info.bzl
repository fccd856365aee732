"""Public entry point for PyInfo."""

load("//python/private:builtin.bzl", "BuiltinPyInfo")

PyInfo = BuiltinPyInfo
