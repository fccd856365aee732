"""Reads the lock of wheels (its format: //tools/locks:lock_file.py of the main repository)."""

_WHEEL = "# wheel: "
_HASH = "--hash=sha256:"

def normalize(name):
    """The name of a distribution as labels spell it: PEP 503, with `_` for `-`.

    Args:
      name: the name of a distribution.

    Returns:
      lower case, each run of `-`, `_` and `.` turned into one `_`.
    """
    name = name.lower().replace("-", "_").replace(".", "_")
    return "_".join([part for part in name.split("_") if part])

def _pin(line):
    requirement, _, more = line.partition(" ")
    name, equals, version = requirement.partition("==")
    if not equals or more.strip() not in ("\\", ""):
        fail("lock: not NAME[EXTRAS]==VERSION: " + line)
    name, _, extras = name.partition("[")
    return name, version, [extra.strip().lower() for extra in extras.removesuffix("]").split(",") if extra.strip()]

def _locked(line, details):
    name, version, extras = _pin(line)
    hashes = [detail.removeprefix(_HASH).strip("\\ ") for detail in details if detail.startswith(_HASH)]
    files = [detail.removeprefix(_WHEEL) for detail in details if detail.startswith(_WHEEL)]
    if len(hashes) != 1 or len(files) != 1:
        fail("lock: {} needs one hash and one '# wheel:', it has {} and {}; write the lock again with the refresher".format(
            name,
            len(hashes),
            len(files),
        ))
    return struct(name = name, version = version, extras = extras, sha256 = hashes[0], file = files[0])

def parse_lock(content):
    """Parses a lock.

    Args:
      content: the text of the lock.

    Returns:
      a list of structs: name, extras, version, file (of the wheel) and sha256.
    """
    blocks = []
    for line in content.replace("\r", "").split("\n"):
        stripped = line.strip()
        if stripped and line[0] not in " #":
            blocks.append((stripped, []))
        elif blocks and stripped:
            blocks[-1][1].append(stripped)
    return [_locked(line, details) for line, details in blocks]
