"""What is said when a mirror does not have what the lock names."""

def mismatch(names):
    """One line on packages that could not be had with the lock's hash.

    Args:
      names: of the packages.

    Returns:
      A sentence that names up to three of them and says what to run.
    """
    return "images/debian/lock.json no longer matches the mirror ({}{}); run: bazel run //images/debian:lock".format(
        ", ".join(names[:3]),
        " and {} more".format(len(names) - 3) if len(names) > 3 else "",
    )
