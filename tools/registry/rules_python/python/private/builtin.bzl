"""Bazel's own providers under names that a public file can export again."""

BuiltinPyInfo = PyInfo
