"""What a person sees: on a terminal, and in a log."""

from __future__ import annotations

import io

import pytest

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.display.status import Row, State
from tools.stack.runner.reporting.timeline import Timeline


@pytest.fixture(autouse=True)
def plain_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


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


ROW = Row("vllm", State.STARTING, 12, 2_100_000_000, "connection refused")


def test_a_log_is_told_now_and_then_what_is_waited_for_and_why() -> None:
    log = io.StringIO()
    narrator = progress(log)
    narrator.status({"vllm": "connection refused", "app": "it needs vllm"}, [ROW])
    narrator.status({}, [ROW])
    assert log.getvalue() == "   12.3 s  waiting for vllm: connection refused; app: it needs vllm\n"
    assert narrator.status_interval >= 5


def test_on_a_terminal_the_status_of_all_stays_below_the_events() -> None:
    terminal = Terminal()
    narrator = progress(terminal)
    narrator.status({}, [ROW])
    narrator.event("redis ready")
    narrator.status({}, [ROW])
    status, event, again = terminal.getvalue().split("\r\x1b[J")[1:]
    assert status.startswith("vllm")
    assert "connection refused" in status
    assert event == "   12.3 s  redis ready\n"
    assert again == status.removesuffix("\x1b[1F")
    assert narrator.status_interval < 1


def test_a_terminal_that_cannot_be_drawn_over_is_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    progress(terminal).status({"vllm": "connection refused"}, [ROW])
    assert "\x1b" not in terminal.getvalue()
    assert "waiting for vllm" in terminal.getvalue()
