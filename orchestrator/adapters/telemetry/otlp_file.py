"""Spans as OTLP JSON lines in a file.

https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

import json
import logging
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_log = logging.getLogger(__name__)

_IDS = ("traceId", "spanId", "parentSpanId")


class OtlpFileExporter(SpanExporter):
    """Appends each batch to the file as one line. Raises OSError if the file cannot be opened.

    It is for tests and for looking at: nothing bounds the file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        document = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        try:
            self._file.write(json.dumps(_with_hex_ids(document), separators=(",", ":")) + "\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            _log.warning("lost %d spans: %s", len(spans), error)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def _with_hex_ids(document: Any) -> Any:
    """OTLP's JSON has ids in hexadecimal, where protobuf's has them in base64."""
    if isinstance(document, list):
        return [_with_hex_ids(item) for item in document]
    if isinstance(document, dict):
        return {
            name: b64decode(value).hex() if name in _IDS else _with_hex_ids(value) for name, value in document.items()
        }
    return document
