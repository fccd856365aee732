"""How stack_logs prints."""

from __future__ import annotations

import io

from tools.stack.runner.commands.show_logs import Printer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_has_the_time_of_day_and_its_service_in_a_column() -> None:
    out = io.StringIO()
    printer = Printer(["a", "long-name"], out)
    printer.line("2026-01-02T03:04:05.678901234Z", "a", "text")
    assert out.getvalue() == "03:04:05.678 a         text\n"


def test_without_a_terminal_the_text_is_as_it_was_written() -> None:
    out = io.StringIO()
    Printer(["a"], out).line("2026-01-02T03:04:05Z", "a", "\x1b[1mbold\x1b[0m")
    assert out.getvalue().endswith(" \x1b[1mbold\x1b[0m\n")


def test_on_a_terminal_services_have_colours_and_a_log_cannot_give_orders() -> None:
    out = Terminal()
    printer = Printer(["a", "b"], out)
    printer.line("2026-01-02T03:04:05Z", "a", "\x1b]0;title\x07 é\ttab")
    printer.line("2026-01-02T03:04:05Z", "b", "")
    first, second = out.getvalue().splitlines()
    assert first.endswith("\ufffd]0;title\ufffd é\ttab")
    assert first.split("m")[0] != second.split("m")[0]


def test_what_is_no_time_is_printed_as_it_is() -> None:
    out = io.StringIO()
    Printer(["a"], out).line("T1", "a", "text")
    assert out.getvalue() == "T1 a text\n"
