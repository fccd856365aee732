"""The browser shows pages as it is told, and says what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.browser.chromium import BrowserError, Chromium, Screen, chromium

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(Path(os.environ["CHROMIUM"]).absolute().parent, tmp_path_factory.mktemp("browser")) as running:
        yield running


def write(directory: Path, body: str) -> str:
    (directory / "page.html").write_text(f"<!doctype html><meta name=viewport content='width=device-width'>{body}")
    return f"file://{directory}/page.html"


def test_a_page_is_shown_on_the_screen_that_was_asked_for(browser: Chromium, tmp_path: Path) -> None:
    for screen in (Screen(390, 844, dark=True, mobile=True), Screen(1280, 800)):
        with browser.open(write(tmp_path, ""), screen) as page:
            assert page.evaluate("[innerWidth, innerHeight]") == [screen.width, screen.height]
            assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is screen.dark


def test_a_screenshot_is_a_picture(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path, "<p>text</p>"), Screen(300, 200)) as page:
        page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    "body", ["<script>nothing.there</script>", "<script>console.error('wrong')</script>", "<img src=absent.png>"]
)
def test_what_goes_wrong_in_a_page_is_heard(browser: Chromium, tmp_path: Path, body: str) -> None:
    with browser.open(write(tmp_path, body), Screen(300, 200)) as page:
        page.evaluate("1")
        assert page.problems


def test_nothing_is_heard_of_a_page_that_is_well(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path, "<script>document.title = 'well'</script>"), Screen(300, 200)) as page:
        assert page.evaluate("document.title") == "well"
        assert (page.problems, page.requests) == ([], [f"file://{tmp_path}/page.html"])


def test_scripts_can_be_off(browser: Chromium, tmp_path: Path) -> None:
    url = write(tmp_path, "<script>document.title = 'run'</script>")
    with browser.open(url, Screen(300, 200, scripts=False)) as page:
        assert page.evaluate("document.title") == ""


def test_an_expression_that_throws_is_an_error(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path, ""), Screen(300, 200)) as page, pytest.raises(BrowserError):
        page.evaluate("nothing.there")
