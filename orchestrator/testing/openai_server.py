"""A deterministic OpenAI-compatible chat server over HTTP, for tests and for trying the service without a model.

    python3.11 -m orchestrator.testing.openai_server --port 8000 --model tiny --delay-ms 200

It answers /health, /v1/models and /v1/chat/completions. Text depends on nothing but the request. Tests script the next
answers through `script`.
"""

import argparse
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, object]


@dataclass
class Behaviour:
    """What the server does. `script` takes the request's body and returns status and document, or None for text."""

    model: str
    delay_s: float = 0.0
    script: Callable[[Mapping[str, Any]], Answer | None] = lambda body: None
    requests: list[Mapping[str, Any]] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour, port: int = 0) -> Iterator[str]:
    """Serves on loopback for the duration of the block; yields the address of the API, which ends in /v1."""

    class Handler(_Handler):
        settings = behaviour

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    settings: Behaviour

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {})
        elif self.path == "/v1/models":
            self._answer(200, {"object": "list", "data": [{"id": self.settings.model, "object": "model"}]})
        else:
            self._answer(404, {"error": {"message": f"no such path: {self.path}"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.settings.requests.append(body)
        time.sleep(self.settings.delay_s)
        self._answer(*(self.settings.script(body) or (200, completion(body, _text(body)))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Says nothing."""

    def _answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode() if not isinstance(document, bytes) else document
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def completion(body: Mapping[str, Any], text: str) -> object:
    """A completion document with this text, as the API has it."""
    prompt = " ".join(message["content"] for message in body["messages"])
    return {
        "id": f"chatcmpl-{_digest(body):08x}",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())},
    }


def _text(body: Mapping[str, Any]) -> str:
    number = _digest(body)
    if "response_format" in body:
        return json.dumps(_instance(body["response_format"]["json_schema"]["schema"], number))
    return f"Proposal {number}.\n\n```python\ndef answer() -> int:\n    return {number}\n```"


def _instance(schema: Mapping[str, Any], number: int) -> object:
    """A value that follows the schema, as far as the service uses schemas."""
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    if schema["type"] == "object":
        return {name: _instance(inner, number + i) for i, (name, inner) in enumerate(schema["properties"].items())}
    return f"Weakness {number}."[: schema.get("maxLength", 80)]


def _digest(body: Mapping[str, Any]) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()[:4], "big")


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="A deterministic OpenAI-compatible chat server.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long each completion takes")
    options = parser.parse_args()
    with serving(Behaviour(options.model, options.delay_ms / 1000), options.port) as url:
        print(f"serving {options.model} at {url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
