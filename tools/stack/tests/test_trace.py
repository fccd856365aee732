"""The trace that Perfetto reads."""

from __future__ import annotations

from typing import Any

from tools.stack.runner.reporting.critical_path import Leg
from tools.stack.runner.reporting.junit import Case
from tools.stack.runner.reporting.resources import Series
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.reporting.trace import trace


def events() -> list[dict[str, Any]]:
    now = 100.0
    timeline = Timeline(lambda: now)
    with timeline.phase("start"):
        web = timeline.service("web")
        web.started, web.ready, web.attempts = 1.0, 3.0, 20
        web.answers = [(1.0, "connection refused"), (2.5, "HTTP 503")]
        now = 104.0
    case = Case("suite::case", "failed", 0.5, timeline.began_at.timestamp() + 3.25, message="no")
    series = {"web": Series([1.0, 2.0], [5_000_000, 6_000_000], [0.0, 0.5])}
    document = trace(timeline, [Leg("web", "ready", 1.0, 3.0)], [case], series)
    found: list[dict[str, Any]] = document["traceEvents"]
    return found


def piece(name: str) -> dict[str, Any]:
    (found,) = (event for event in events() if event["name"] == name and event["ph"] == "X")
    return found


def test_pieces_have_start_and_length_in_microseconds() -> None:
    assert (piece("start")["ts"], piece("start")["dur"]) == (0, 4_000_000)
    assert (piece("starting")["ts"], piece("starting")["dur"]) == (1_000_000, 2_000_000)
    assert (piece("ready")["ts"], piece("ready")["dur"]) == (3_000_000, 1_000_000)
    assert (piece("web: ready")["ts"], piece("web: ready")["dur"]) == (1_000_000, 2_000_000)


def test_each_answer_of_a_probe_lasts_until_the_next_or_until_it_was_ready() -> None:
    assert (piece("connection refused")["ts"], piece("connection refused")["dur"]) == (1_000_000, 1_500_000)
    assert (piece("HTTP 503")["ts"], piece("HTTP 503")["dur"]) == (2_500_000, 500_000)


def test_a_case_is_where_it_ran_and_says_how_it_ended() -> None:
    case = piece("suite::case")
    assert abs(case["ts"] - 3_250_000) < 1000
    assert (case["dur"], case["cat"], case["args"]["message"]) == (500_000, "failed", "no")


def test_memory_and_processors_are_counters() -> None:
    counters = [event for event in events() if event["ph"] == "C"]
    assert [(c["name"], c["ts"], c["args"]) for c in counters] == [
        ("web memory", 1_000_000, {"MB": 5.0}),
        ("web memory", 2_000_000, {"MB": 6.0}),
        ("web cpu", 2_000_000, {"CPUs": 0.5}),
    ]


def test_every_row_has_a_name() -> None:
    named = {(event["pid"], event["tid"]) for event in events() if event["name"] == "thread_name"}
    assert {(event["pid"], event["tid"]) for event in events() if event["ph"] == "X"} <= named
