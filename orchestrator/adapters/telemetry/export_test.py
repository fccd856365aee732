"""Where traces go."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from orchestrator.adapters.telemetry.export import UnusableExport, make_tracer
from orchestrator.application.correlation import about, current_traceparent
from orchestrator.application.tracing import SpanKind, Tracer

_TRACE, _CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_ERROR = 2


class Collector:
    """An OTLP collector that keeps what it was sent, by path."""

    def __init__(self) -> None:
        received: list[tuple[str, ExportTraceServiceRequest]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
                """Says nothing."""

        self.received = received
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()
    thread.join()


def _written(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("*.jsonl")
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    scopes = [scope for document in documents for scope in document["resourceSpans"][0]["scopeSpans"]]
    return [span for scope in scopes for span in scope["spans"]]


def _record(tracer: Tracer) -> None:
    with tracer.span("a name", SpanKind.CLIENT, {"of": "interest"}):
        pass


async def test_spans_are_written_to_a_file_of_the_process(tmp_path: Path) -> None:
    tracer = make_tracer(f"file:{tmp_path}/new/folder", "orchestrator")
    with about(traceparent=f"00-{_TRACE}-{_CALLER}-01"):
        _record(tracer)
    await tracer.close()

    (span,) = _written(tmp_path / "new/folder")
    assert (span["name"], span["traceId"], span["parentSpanId"]) == ("a name", _TRACE, _CALLER)
    assert span["attributes"] == [{"key": "of", "value": {"stringValue": "interest"}}]


async def test_a_block_that_an_exception_leaves_has_failed(tmp_path: Path) -> None:
    tracer = make_tracer(f"file:{tmp_path}", "orchestrator")
    with pytest.raises(LookupError), tracer.span("a name", SpanKind.INTERNAL, {}):
        raise LookupError("x" * 10_000)
    await tracer.close()

    (span,) = _written(tmp_path)
    assert span["status"]["code"] == _ERROR
    assert len(span["status"]["message"]) < 1000
    assert span["attributes"] == [{"key": "error.type", "value": {"stringValue": "LookupError"}}]


async def test_the_block_is_what_the_trace_continues_from(tmp_path: Path) -> None:
    tracer = make_tracer(f"file:{tmp_path}", "orchestrator")
    with tracer.span("outer", SpanKind.INTERNAL, {}):
        inside = current_traceparent()
        await asyncio.gather(*(asyncio.to_thread(_record, tracer) for _ in range(3)))
    assert current_traceparent() == ""
    await tracer.close()

    *inner, outer = _written(tmp_path)
    assert inside.startswith(f"00-{outer['traceId']}-{outer['spanId']}-")
    assert {span["parentSpanId"] for span in inner} == {outer["spanId"]}


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
async def test_spans_are_sent_to_a_collector(collector: Collector, path: str) -> None:
    tracer = make_tracer(collector.url + path, "orchestrator-agent")
    _record(tracer)
    await tracer.close()

    ((to, request),) = collector.received
    assert to == "/v1/traces"
    (resource,) = request.resource_spans
    attributes = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert attributes["service.name"] == "orchestrator-agent"


async def test_a_collector_that_is_away_does_not_keep_the_process_from_stopping() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        tracer = make_tracer(f"http://127.0.0.1:{taken.getsockname()[1]}", "orchestrator")
        _record(tracer)
        began = time.monotonic()
        await tracer.close()

    assert time.monotonic() - began < 8


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UnusableExport, match="file"):
        make_tracer(f"file:{tmp_path}/file/folder", "orchestrator")


async def test_without_a_destination_nothing_is_recorded_and_no_sdk_is_imported() -> None:
    program = (
        "import sys; from orchestrator.adapters.telemetry.export import make_tracer; make_tracer('', 'x'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=False)  # noqa: ASYNC221

    assert done.returncode == 0
