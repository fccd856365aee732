"""conmon's log format."""

from __future__ import annotations

from pathlib import Path

from tools.stack.runner.reporting import logs


def test_parts_are_joined_to_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("T1 stdout P he\nT2 stdout F llo\nT3 stderr F \nT4 stdout P no end\n")
    assert list(logs.lines(log)) == [("T1", "hello"), ("T3", ""), ("T4", "no end")]


def test_a_line_still_being_written_is_not_a_record() -> None:
    assert logs.parse("2026-01-01T00:00:00Z std") is None
    assert logs.parse("") is None


def test_the_tail_is_the_end_also_of_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"T stdout F line {n:06}\n" for n in range(100_000)))
    assert logs.tail(log, 2) == ["line 099998", "line 099999"]


def test_the_last_line_is_the_last_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("T stdout F boom\nT stdout F   \n")
    assert logs.last_line(log) == "boom"
    assert logs.last_line(tmp_path / "absent") == ""


def test_a_plain_copy_has_time_and_text(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("T1 stdout F a\nT2 stderr F b\n")
    logs.write_plain(tmp_path / "log", tmp_path / "plain")
    assert (tmp_path / "plain").read_text() == "T1 a\nT2 b\n"


def test_a_follower_may_begin_behind_what_there_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("T stdout F old\n")
    follower = logs.Follower(log, log.stat().st_size)
    with log.open("a") as file:
        file.write("T stdout F new\n")
    assert follower.read() == "new\n"


def test_a_follower_returns_each_piece_once_and_as_it_was_written(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = logs.Follower(log)
    assert follower.read() == ""
    log.write_text("T stdout P ..\nT stdout F .\nT stdout F he")
    assert follower.read() == "...\n"
    with log.open("a") as file:
        file.write("llo\n")
    assert follower.read() == "hello\n"
    assert follower.read() == ""


def test_lines_are_followed_whole_each_once_and_with_the_time_of_their_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = logs.LineFollower(log)
    assert list(follower.read()) == []
    log.write_text("T1 stdout F a\nT2 stdout P be\nT3 stdout F")
    assert list(follower.read()) == [("T1", "a")]
    with log.open("a") as file:
        file.write(" gun\n")
    assert list(follower.read()) == [("T2", "begun")]
    assert list(follower.read()) == []
