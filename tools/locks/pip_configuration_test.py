"""What the resolver learns from pip."""

from __future__ import annotations

from pip._internal.models.index import PyPI

from tools.locks.pip_configuration import parse, read

_LISTING = """\
:env:.find-links='/env/a /env/b'
download.index-url='https://download.invalid/simple'
global.cert='/etc/cert.pem'
global.extra-index-url='https://one.invalid file:///two'
global.find-links='/global'
global.index-url='https://global.invalid/simple'
install.index-url='https://install.invalid/simple'
"""


def test_without_configuration_the_public_index_is_asked() -> None:
    sources = parse("")
    assert sources.indexes == (PyPI.simple_url,)
    assert sources.find_links == ()
    assert sources.certificates is None


def test_the_environment_wins_over_files_and_the_command_over_the_general() -> None:
    sources = parse(_LISTING)
    assert sources.indexes == ("https://download.invalid/simple", "https://one.invalid", "file:///two")
    assert sources.find_links == ("/env/a", "/env/b")
    assert sources.certificates == "/etc/cert.pem"


def test_values_over_several_lines_are_several_values() -> None:
    assert parse(r"global.extra-index-url='\nhttps://one.invalid\nhttps://two.invalid'").indexes[1:] == (
        "https://one.invalid",
        "https://two.invalid",
    )


def test_pip_itself_answers() -> None:
    assert read().indexes
