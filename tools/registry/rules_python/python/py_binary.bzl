"""Public entry point for py_binary."""

def py_binary(**attrs):
    """An executable Python program.

    Args:
      **attrs: the attributes of Bazel's own py_binary.
    """

    # buildifier: disable=native-py
    native.py_binary(**attrs)
