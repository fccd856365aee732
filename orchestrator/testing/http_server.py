"""A small HTTP/1.1 server on asyncio whose handlers are cancelled when the client hangs up.

Python's own servers have a thread for each connection, and do not notice.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """`document` is sent as JSON, text and bytes as they are. `hang_up` closes the connection without a reply."""

    status: int = 200
    document: object = None
    hang_up: bool = False

    def encode(self) -> bytes:
        """The response with its head."""
        if isinstance(self.document, bytes | str):
            data = self.document.encode() if isinstance(self.document, str) else self.document
        else:
            data = json.dumps(self.document).encode()
        head = f"HTTP/1.1 {self.status} -\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data


# Raises ValueError for a request that it cannot read.
Handler = Callable[[Request], Awaitable[Reply]]


class Connection(asyncio.Protocol):
    """One client's connection: requests are answered in turn."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._received = bytearray()
        self._answering: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answering:
            self._answering.cancel()

    def _advance(self) -> None:
        """Begins with the next request, if it has come as a whole and none is being answered."""
        if self._answering or (request := self._take()) is None:
            return
        self._answering = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            reply = await self._handler(request)
        except ValueError as error:
            reply = Reply(400, {"error": {"message": str(error)}})
        self._answering = None
        if reply.hang_up:
            self._transport.abort()
        else:
            self._transport.write(reply.encode())
            if request.headers.get("connection", "").lower() == "close":
                self._transport.close()
            self._advance()

    def _take(self) -> Request | None:
        head, separator, _ = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        end = len(head) + len(separator) + int(headers.get("content-length", 0))
        if len(self._received) < end:
            return None
        body = bytes(self._received[len(head) + len(separator) : end])
        del self._received[:end]
        method, path, *_ = first.split(" ")
        return Request(method, path, headers, body)
