"""Mirrors in apt's configuration, from its text: pure functions, tested by apt_sources_test.

mirror.py finds the same ones for the lock's refresher.
"""

# What Bazel can download from. apt knows other ways, such as lists of mirrors and disks.
_SCHEMES = ("http://", "https://", "file:/")

def one_line_mirrors(text):
    """Base addresses of the `deb` lines with component main, in sources.list's one-line format.

    Args:
      text: what sources.list(5) or a .list file says.

    Returns:
      The addresses in order.
    """
    found = []
    for line in text.split("\n"):
        line = line.split("#")[0]
        if "[" in line and "]" in line:
            line = line[:line.index("[")] + line[line.index("]") + 1:]
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if words[:1] == ["deb"] and "main" in words[3:]:
            found.append(words[1].rstrip("/"))
    return [uri for uri in found if _is_downloadable(uri)]

def deb822_mirrors(text):
    """Base addresses of the `deb` stanzas with component main, in the deb822 format.

    Args:
      text: what a .sources file says.

    Returns:
      The addresses in order.
    """
    found = []
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    for stanza in "\n".join([line.rstrip() for line in lines]).split("\n\n"):
        fields = {}
        name = ""
        for line in stanza.split("\n"):
            if line.startswith(" ") or line.startswith("\t"):
                fields[name] = fields.get(name, []) + _words(line)
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = _words(value)
        if "deb" in fields.get("Types", []) and "main" in fields.get("Components", []):
            found.extend([uri.rstrip("/") for uri in fields.get("URIs", [])])
    return [uri for uri in found if _is_downloadable(uri)]

def _is_downloadable(uri):
    return any([uri.startswith(scheme) for scheme in _SCHEMES])

def _words(text):
    return [word for word in text.replace("\t", " ").split(" ") if word]
