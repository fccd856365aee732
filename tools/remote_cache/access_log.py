"""What went through the cache, by nginx's own log (`log_format traffic` in nginx.conf)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_FOUND = 200
_ABSENT = 404
_STORED = (201, 204)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `received` and `sent` are the cache's bytes, with headers and without; `seconds` is what it took."""

    method: str
    path: str
    status: int
    received: int
    sent: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests together: actions that the cache knew or did not, files that went either way, and bytes."""

    hits: int
    misses: int
    downloads: int
    uploads: int
    refused: int
    bytes_down: int
    bytes_up: int


def requests(lines: Iterable[str]) -> list[Request]:
    """The requests of a log; a line that is not whole yet is left out."""
    return [request for line in lines if (request := _request(line))]


def traffic(asked: Iterable[Request]) -> Traffic:
    """What requests come to. A lookup of an action is a hit or a miss; every other GET is a download."""
    hits = misses = downloads = uploads = refused = down = up = 0
    for request in asked:
        down += request.sent
        up += request.received
        lookup = request.path.startswith("/ac/")
        match request.method, request.status:
            case "GET", status if status == _FOUND:
                hits, downloads = (hits + 1, downloads) if lookup else (hits, downloads + 1)
            case "GET", status if status == _ABSENT:
                misses += lookup
            case "PUT", status if status in _STORED:
                uploads += 1
            case _:
                refused += 1
    return Traffic(hits, misses, downloads, uploads, refused, down, up)


def _request(line: str) -> Request | None:
    fields = line.split()
    if len(fields) != 7:
        return None
    _, method, path, status, received, sent, seconds = fields
    return Request(method, path, int(status), int(received), int(sent), float(seconds))
