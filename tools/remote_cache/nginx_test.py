"""nginx, configured as nginx.conf says, is a cache that Bazel can trust."""

import hashlib
import http.client
import socket
from collections.abc import Iterator

import pytest

from tools.remote_cache.access_log import traffic
from tools.remote_cache.server import CacheServer

BLOB = b"layer" * 100_000
PATH = f"/cas/{hashlib.sha256(BLOB).hexdigest()}"


@pytest.fixture
def client(cache: CacheServer) -> Iterator[http.client.HTTPConnection]:
    """A connection to the cache, which runs."""
    with cache.running():
        connection = http.client.HTTPConnection(cache.url.removeprefix("http://"), timeout=10)
        yield connection
        connection.close()


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """The status and the body of an answer."""
    client.request(method, path, body, {"Accept-Encoding": "gzip"})
    answer = client.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("kind", ["ac", "cas"])
def test_what_was_put_is_got_as_it_was(client: http.client.HTTPConnection, kind: str) -> None:
    """Byte for byte, not compressed, however large it is beside nginx' usual limit of a megabyte."""
    path = PATH.replace("cas", kind)
    blob = BLOB * 8
    assert ask(client, "GET", path)[0] == 404
    assert ask(client, "PUT", path, blob)[0] in (201, 204)
    assert ask(client, "GET", path) == (200, blob)


def test_what_is_put_again_replaces_it(client: http.client.HTTPConnection) -> None:
    """An action that is run again may lead to something else; a damaged blob is mended."""
    assert ask(client, "PUT", PATH, b"old")[0] in (201, 204)
    assert ask(client, "PUT", PATH, BLOB)[0] in (201, 204)
    assert ask(client, "GET", PATH) == (200, BLOB)


def test_an_upload_that_breaks_off_leaves_nothing(cache: CacheServer, client: http.client.HTTPConnection) -> None:
    """A blob is there whole or not at all."""
    host, port = cache.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"PUT {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(BLOB)}\r\n\r\n"
        connection.sendall(head.encode() + BLOB[: len(BLOB) // 2])
        connection.shutdown(socket.SHUT_WR)
        assert b" 201 " not in connection.recv(1 << 16)
    assert ask(client, "GET", PATH)[0] == 404
    assert not cache.blobs()


@pytest.mark.parametrize("method", ["DELETE", "POST", "MKCOL", "COPY", "MOVE"])
def test_nothing_is_deleted_or_moved(client: http.client.HTTPConnection, method: str) -> None:
    """Who may read and write may not take away."""
    ask(client, "PUT", PATH, BLOB)
    assert ask(client, method, PATH)[0] == 405
    assert ask(client, "GET", PATH) == (200, BLOB)


@pytest.mark.parametrize("path", ["/", "/cas/", "/cas/nothing", "/access.log", f"{PATH}/more", "/ac/../nginx.pid"])
def test_there_is_nothing_but_the_cache(client: http.client.HTTPConnection, path: str) -> None:
    """Neither to read nor to write."""
    assert ask(client, "GET", path)[0] == 404
    assert ask(client, "PUT", path, b"x")[0] == 404


def test_the_log_says_what_went_through(cache: CacheServer, client: http.client.HTTPConnection) -> None:
    """Hits, misses, files and bytes."""
    action = PATH.replace("cas", "ac")
    ask(client, "GET", action)
    ask(client, "PUT", PATH, BLOB)
    ask(client, "PUT", action, b"what it led to")
    ask(client, "GET", action)
    ask(client, "GET", PATH)
    ask(client, "DELETE", PATH)
    # A request is in the log when the next one on its connection is answered.
    ask(client, "GET", "/")
    through = traffic(cache.requests()[:6])
    assert (through.hits, through.misses, through.downloads, through.uploads, through.refused) == (1, 1, 1, 2, 1)
    assert len(BLOB) < through.bytes_up < len(BLOB) + 5000
    assert len(BLOB) < through.bytes_down < len(BLOB) + 5000
