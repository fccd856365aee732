"""Public entry point for py_library."""

def py_library(pyi_srcs = [], data = [], **attrs):
    """A library of Python code that can be depended upon.

    Args:
      pyi_srcs: type stubs of the sources. rules_python carries them in a field of PyInfo;
        here they are data.
      data: files needed at run time.
      **attrs: the other attributes of Bazel's own py_library.
    """

    # buildifier: disable=native-py
    native.py_library(data = data + pyi_srcs, **attrs)
