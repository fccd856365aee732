"""Public entry point for py_test."""

def py_test(**attrs):
    """A Python program that is a test.

    Args:
      **attrs: the attributes of Bazel's own py_test.
    """

    # buildifier: disable=native-py
    native.py_test(**attrs)
