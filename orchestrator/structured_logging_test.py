"""Logs as JSON."""

import json
import logging
import sys

from orchestrator.application.correlation import about
from orchestrator.structured_logging import JsonFormatter, has_a_reader


def _format(**attributes: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "n", "levelname": "INFO", "msg": "said %s", "args": ("so",), **attributes})
    document = json.loads(JsonFormatter().format(record))
    assert isinstance(document, dict)
    return document


def test_a_record_is_one_object_with_what_was_given_as_extra() -> None:
    document = _format(task_id="t", created=0.0)

    assert document == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "INFO",
        "logger": "n",
        "message": "said so",
        "task_id": "t",
    }


def test_a_line_says_which_deliberation_and_trace_it_is_about() -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    with about(task_id="t", step_id="s", traceparent=f"00-{trace}-{span}-01"):
        document = _format()
        named = _format(task_id="another")

    assert {name: document[name] for name in ("task_id", "step_id", "trace_id", "span_id")} == {
        "task_id": "t",
        "step_id": "s",
        "trace_id": trace,
        "span_id": span,
    }
    assert named["task_id"] == "another"


def test_an_exception_comes_with_its_trace() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        document = _format(exc_info=sys.exc_info())

    assert "ValueError: broken" in str(document["exception"])


def test_a_caller_that_hung_up_is_no_error() -> None:
    """gRPC logs it with this class, which it does not export."""
    hung_up = type("ExecuteBatchError", (Exception,), {})()

    assert not has_a_reader(logging.makeLogRecord({"exc_info": (type(hung_up), hung_up, None)}))
    assert has_a_reader(logging.makeLogRecord({"exc_info": (ValueError, ValueError(), None)}))
    assert has_a_reader(logging.makeLogRecord({}))
