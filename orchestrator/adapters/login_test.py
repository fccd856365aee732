"""Passwords from files."""

from pathlib import Path

import pytest

from orchestrator.adapters.login import Login, UnusablePassword, read_login


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_the_password_is_the_file_without_its_last_line_break(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)

    assert read_login("user", str(file)) == Login("user", "s3cret")


def test_without_a_file_there_is_no_login() -> None:
    assert read_login("", "") is None


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Login("user", "s3cret"))


@pytest.mark.parametrize("content", [None, b"", b"\n", b"s3cret\xff"])
def test_a_file_that_cannot_be_used_is_named_and_its_content_is_not(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UnusablePassword) as raised:
        read_login("user", str(file))

    assert str(file) in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)
