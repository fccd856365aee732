"""What a person sees: on a terminal, and in a log."""

from __future__ import annotations

import io

import pytest

from tools.stack.runner.progress import Progress
from tools.stack.runner.timeline import Timeline
from tools.stack.runner.up import memory_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(stream: io.StringIO) -> Progress:
    times = iter([0.0, *[12.34] * 9])
    return Progress(Timeline(lambda: next(times)), stream)


def test_an_event_is_a_line_with_the_time_and_how_long_it_took() -> None:
    log = io.StringIO()
    progress(log).event("vllm ready", 11.94)
    assert log.getvalue() == "   12.3 s  vllm ready (11.9 s)\n"


def test_a_log_is_told_now_and_then_what_is_waited_for_and_why() -> None:
    log = io.StringIO()
    narrator = progress(log)
    narrator.status({"vllm": "connection refused", "app": "it needs vllm"})
    narrator.status({})
    assert log.getvalue() == "   12.3 s  waiting for vllm: connection refused; app: it needs vllm\n"
    assert narrator.status_interval >= 5


def test_on_a_terminal_the_status_stays_at_the_bottom_and_within_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    narrator = progress(terminal)
    narrator.status({"vllm": "x" * 200})
    narrator.event("redis ready")
    status, event = terminal.getvalue().split("\r")[1:]
    assert "\n" not in status
    assert len(status.removeprefix("\x1b[K")) < 40
    assert event.startswith("\x1b[K")
    assert event.endswith("redis ready\n")
    assert narrator.status_interval < 1


def test_a_service_cannot_give_orders_to_the_terminal_by_its_answers() -> None:
    terminal = Terminal()
    progress(terminal).status({"vllm": "\x1b]0;title\x07"})
    assert terminal.getvalue().count("\x1b") == 1
    assert "\x07" not in terminal.getvalue()


def test_how_things_are_is_shown_on_a_terminal_alone() -> None:
    log, terminal = io.StringIO(), Terminal()
    for stream in (log, terminal):
        progress(stream).live("memory: 1 MB")
    assert log.getvalue() == ""
    assert terminal.getvalue().endswith("12.3 s  memory: 1 MB")


def test_memory_is_told_with_what_takes_most_first() -> None:
    line = memory_line({"redis": 5_000_000, "vllm": 2_100_000_000, "gone": 0})
    assert line == "memory: 2.10 GB (vllm 2.10 GB, redis 5 MB, gone -)"
