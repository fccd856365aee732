"""An HTTP address answers as it should."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.stack.runner.probes.base import Answer, Target

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes


async def get(address: str, port: int, path: str) -> Response:
    """GET on a connection of its own. Raises ValueError for what isn't HTTP."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        data = bytearray()
        while len(data) < _MOST_BYTES and (chunk := await reader.read(65536)):
            data += chunk
    finally:
        writer.close()
    return _parse(bytes(data))


def _parse(data: bytes) -> Response:
    response = http.client.HTTPResponse(_Received(data))  # type: ignore[arg-type]  # All it calls is makefile().
    try:
        response.begin()
        return Response(response.status, response.read())
    except http.client.IncompleteRead as error:
        raise ValueError(f"HTTP {response.status}, and the answer breaks off: {error}") from error
    except http.client.HTTPException as error:
        raise ValueError(f"that is not HTTP: {data[:40]!r}") from error


class _Received:
    """Bytes in the place of the socket they came from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Ready when the status is right and the body, where asked for, has the JSON fields and matches the pattern.

    `json` maps dotted paths ("data.0.id") to the text of the value expected there.
    """

    port: str
    path: str = "/"
    status: int = 200
    json: Mapping[str, str] = field(default_factory=dict)
    regex: str = ""

    async def attempt(self, target: Target) -> Answer:
        response = await get(target.address, target.ports[self.port], self.path)
        if response.status != self.status:
            return Answer(False, f"HTTP {response.status}{_excerpt(response.body)}")
        if self.json:
            document = json.loads(response.body)
            for path, expected in self.json.items():
                found = _lookup(document, path)
                if found != expected:
                    return Answer(False, f"HTTP {response.status}, {path} is {found!r} and not {expected!r}")
        if self.regex and not re.search(self.regex, response.body.decode(errors="replace")):
            return Answer(False, f"HTTP {response.status}, no match for {self.regex!r}{_excerpt(response.body)}")
        return Answer(True, f"HTTP {response.status}")


def _lookup(document: Any, path: str) -> str:
    for key in path.split("."):
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return "absent"
    return document if isinstance(document, str) else json.dumps(document)


def _excerpt(body: bytes) -> str:
    text = " ".join(body[:120].decode(errors="replace").split())
    return f": {text}" if text else ""
