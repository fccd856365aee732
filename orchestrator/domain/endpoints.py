"""Which addresses an agent may be reached at: a caller must not make the service talk to whatever it likes."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

MAX_ENDPOINT = 512
_PORTS = {"http": 80, "https": 443}


def endpoint_fault(endpoint: str, prefixes: Sequence[str]) -> str:
    """What keeps `endpoint` from being used; empty if nothing does.

    It must be the base URL of an OpenAI-compatible API with the scheme, host and port of one of the prefixes, and a
    path that begins with the prefix's, whole segments only.
    """
    if not prefixes:
        return "is not taken here: ORCHESTRATOR_AGENT_ENDPOINTS allows none; leave it empty for the service's own model"
    if len(endpoint) > MAX_ENDPOINT:
        return f"has {len(endpoint)} characters, more than {MAX_ENDPOINT}"
    url = parse(endpoint)
    if url is None:
        return "must be http:// or https://, a host and a path, with nothing else in it"
    if any(_under(url, prefix) for text in prefixes if (prefix := parse(text))):
        return ""
    return f"is under none of the addresses that are allowed: {', '.join(prefixes)}"


def parse(text: str) -> SplitResult | None:
    """A URL that can be compared with others: plain characters, no user, query, fragment or dots in its path."""
    if not text.isascii() or any(character.isspace() or character in "\\%" for character in text):
        return None
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    plain = url.scheme in _PORTS and url.hostname and port != 0 and "@" not in url.netloc
    if not plain or "?" in text or "#" in text or {".", ".."} & {*url.path.split("/")}:
        return None
    return url


def _under(url: SplitResult, prefix: SplitResult) -> bool:
    if _origin(url) != _origin(prefix):
        return False
    wanted = prefix.path.rstrip("/")
    return url.path == wanted or url.path.startswith(f"{wanted}/")


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or _PORTS[url.scheme]
