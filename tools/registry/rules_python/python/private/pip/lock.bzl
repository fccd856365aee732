"""Reads a requirements lock as `uv pip compile --generate-hashes` or pip-compile writes it."""

def normalize(name):
    """The name of a distribution as labels spell it: PEP 503, with `_` for `-`.

    Args:
      name: the name of a distribution.

    Returns:
      lower case, runs of `-`, `_` and `.` turned into one `_`.
    """
    name = name.lower().replace("-", "_").replace(".", "_")
    for _ in range(len(name)):
        if "__" not in name:
            break
        name = name.replace("__", "_")
    return name

def _logical_lines(content):
    joined = content.replace("\r", "").replace("\\\n", " ")
    lines = [line.partition(" #")[0].strip() for line in joined.split("\n")]
    return [line for line in lines if line and not line.startswith("#")]

def _parse_line(line):
    requirement, _, marker = line.partition(";")
    if marker:
        fail("lock: markers are not supported, since the lock is for one platform: " + line)
    words = [word for word in requirement.split(" ") if word]
    name, equals, version = words[0].partition("==")
    if not equals:
        fail("lock: every requirement must be NAME==VERSION, this one is not: " + line)
    name, _, extras = name.partition("[")
    hashes = [word.removeprefix("--hash=sha256:") for word in words[1:]]
    if not hashes or [h for h in hashes if len(h) != 64]:
        fail("lock: every requirement needs --hash=sha256:…, this one has none or another: " + line)
    return struct(
        name = name,
        version = version,
        extras = [e.strip().lower() for e in extras.removesuffix("]").split(",") if e.strip()],
        hashes = hashes,
    )

def parse_lock(content):
    """Parses a lock.

    Args:
      content: the text of the lock.

    Returns:
      a list of structs: name, version, extras and hashes (SHA-256, in hexadecimal).
    """
    return [_parse_line(line) for line in _logical_lines(content) if not line.startswith("-")]
