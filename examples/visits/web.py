"""A web service that counts visits in Redis: GET /visits/NAME is one more visit of NAME."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import sys
from typing import Any

HOST, PORT = os.environ.get("REDIS", "redis:6379").split(":")


def redis(*words: str) -> str:
    """Redis's answer to one command (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
    with socket.create_connection((HOST, int(PORT)), timeout=2) as connection, connection.makefile("rb") as answers:
        connection.sendall("".join([f"*{len(words)}\r\n", *(f"${len(w.encode())}\r\n{w}\r\n" for w in words)]).encode())
        return str(answers.readline().decode().strip().lstrip("+:"))


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Counts a visit, or says whether visits can be counted."""
        try:
            match self.path.strip("/").split("/"):
                case ["healthz"]:
                    self._answer(200, {"redis": redis("PING")})
                case ["visits", name]:
                    self._answer(200, {"name": name, "visits": int(redis("INCR", f"visits:{name}"))})
                case _:
                    self._answer(404, {"error": "try /visits/NAME"})
        except OSError as error:
            self._answer(503, {"error": f"redis: {error}"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


if __name__ == "__main__":
    # The first process of a container is not ended by SIGTERM unless it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
