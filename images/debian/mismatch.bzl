"""What is said when packages that the lock names could not be had from a mirror."""

def mismatch(names):
    """One line on packages that could not be had with the lock's hash.

    A repository rule learns no reason; Bazel prints it as a warning.

    Args:
      names: of the packages.

    Returns:
      A sentence that names up to three of them and says, for each cause, what to do.
    """
    return (
        "packages of images/debian/lock.json could not be fetched ({}{}), and the warnings above say why: " +
        "if the mirror has newer ones (404, another checksum), run: bazel run //images/debian:lock; " +
        "if it could not be reached or refused, try again, or set the proxy or DEBIAN_MIRROR right"
    ).format(
        ", ".join(names[:3]),
        " and {} more".format(len(names) - 3) if len(names) > 3 else "",
    )
