"""Which locked distributions one of them depends on."""

def dependencies(distribution, requires, packages):
    """Chooses among what a wheel requires.

    Args:
      distribution: its normalised name.
      requires: extra -> normalised names that the wheel requires on this platform; "" is no extra.
      packages: normalised name -> extras that were asked for, of all that is locked.

    Returns:
      normalised names, sorted. What the lock leaves out, it leaves out on purpose.
    """
    names = {}
    for extra in [""] + packages[distribution]:
        for name in requires.get(extra, []):
            if name in packages and name != distribution:
                names[name] = None
    return sorted(names)
