"""Drawing over what a terminal shows."""

from __future__ import annotations

import io
import re

import pytest

from tools.stack.runner.display.terminal import Board, may_color


class Screen(io.StringIO):
    """A terminal of `columns`, as far as a board uses one: it breaks lines, and is read as its rows."""

    columns = 20

    @property
    def rows(self) -> list[str]:
        rows, row = [""], 0
        for order, text in re.findall(r"(\x1b\[\d*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)", self.getvalue()):
            if order == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            elif order == "\x1b[J":
                del rows[row + 1 :]
                rows[row] = ""
            elif order.endswith("F"):
                row -= int(order[2:-1])
            rows[row] += text
        return rows


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> tuple[Board, Screen]:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "6")
    screen = Screen()
    return Board(screen), screen


def test_what_is_drawn_takes_the_place_of_what_was(board: tuple[Board, Screen]) -> None:
    drawn, screen = board
    screen.write("above\n")
    for lines in (["one", "two", "three"], ["uno", "dos", "tres"], ["eins"]):
        drawn.draw(lines)
        assert screen.rows == ["above", *lines]
    drawn.erase()
    screen.write("below")
    assert screen.rows == ["above", "below"]


def test_a_line_is_cut_where_the_row_ends_and_the_last_row_stays_free(board: tuple[Board, Screen]) -> None:
    drawn, screen = board
    drawn.draw(["x" * 99] * 99)
    assert screen.rows == ["x" * 19] * 5


def test_it_finds_its_lines_again_when_the_terminal_was_made_narrower(
    board: tuple[Board, Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, screen = board
    drawn.draw(["x" * 19, "y" * 19])
    monkeypatch.setenv("COLUMNS", "10")  # Each line now takes two rows.
    drawn.draw(["z"])
    assert screen.getvalue().endswith("\x1b[3F\r\x1b[Jz")


def test_what_is_shown_cannot_give_orders_to_the_terminal(board: tuple[Board, Screen]) -> None:
    drawn, screen = board
    drawn.draw(["\x1b]0;title\x07"])
    assert "\x07" not in screen.getvalue()
    assert screen.getvalue().count("\x1b") == 1


def test_colours_are_of_the_lines_they_are_given_for(board: tuple[Board, Screen]) -> None:
    drawn, screen = board
    drawn.draw(["good", "plain"], ["32"])
    assert screen.getvalue().endswith("\x1b[32mgood\x1b[0m\nplain")


@pytest.mark.parametrize(("environment", "color"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_heeded(environment: dict[str, str], color: bool) -> None:
    assert may_color(environment) is color
