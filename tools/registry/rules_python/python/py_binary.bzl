"""Public entry point for py_binary."""

def py_binary(**attrs):
    """An executable Python program.

    Args:
      **attrs: the attributes of Bazel's own py_binary.
    """
    native.py_binary(**attrs)
