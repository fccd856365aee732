"""The page as people see it: on a phone and a desk, by day and by night, with a keyboard, without scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.benchmarks.core.document import document
from tools.benchmarks.core.page import page as render
from tools.benchmarks.core.table import table
from tools.benchmarks.tests.samples import RUN, sample_results
from tools.browser.chromium import Chromium, chromium
from tools.browser.looks import PHONE, SCREENS, assert_fits_and_is_legible, shown, unnamed


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(Path(os.environ["CHROMIUM"]).absolute().parent, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = sample_results()
    path = tmp_path_factory.mktemp("page") / "benchmarks.html"
    path.write_text(render(document(RUN, results), "\n".join(table(each) for each in results)))
    return f"file://{path}"


@pytest.mark.parametrize("name", SCREENS)
def test_it_fits_and_is_legible(browser: Chromium, url: str, name: str) -> None:
    with shown(browser, url, SCREENS[name]) as page:
        assert_fits_and_is_legible(page, name)


def test_claims_say_what_became_of_them(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        marks = page.evaluate("[...document.querySelectorAll('.claims .mark')].map((mark) => mark.innerText)")
        assert marks == ["met", "not judged", "missed", "met"]
        assert "there is no criu" in page.evaluate("document.querySelectorAll('.claims li')[1].innerText")


def test_bars_are_as_long_as_the_medians_and_dots_lie_where_the_values_are(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        widths = page.evaluate(
            "[...document.querySelectorAll('.metric')[0].querySelectorAll('.bar')]"
            ".map((bar) => bar.getBoundingClientRect().width)"
        )
        assert [width / widths[0] for width in widths] == pytest.approx([1, 10 / 42, 11.5 / 42], abs=0.01)
        left, right, first, last = page.evaluate(
            "(() => { const track = document.querySelector('.metric .track'); const dots = [...track.querySelectorAll('.dot')]"
            ".map((dot) => dot.getBoundingClientRect()).map((box) => (box.left + box.right) / 2);"
            " const box = track.getBoundingClientRect(); return [box.left, box.right, dots[0], dots[1]]; })()"
        )
        assert (first - left) / (right - left) == pytest.approx(40 / 44 / 1.02, abs=0.005)
        assert (last - left) / (right - left) == pytest.approx(1 / 1.02, abs=0.005)


def test_failures_are_told_and_hostile_text_does_nothing(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        text = page.evaluate("document.body.innerText")
        assert "</script><script>" in text
        assert "no podman" in text
        assert page.evaluate("document.querySelectorAll('img, main script').length") == 0
        assert "broken" not in page.evaluate("document.title")


def test_every_value_is_there_with_the_keyboard(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        for _ in range(3):  # Past the two links to the benchmarks.
            page.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.press("Enter")
        assert page.evaluate("document.querySelector('details').open")
        text = page.evaluate("document.querySelector('details').innerText")
        assert "40.0, 44.0, 42.0 s" in text
        assert "what compose is" in text


def test_whatever_can_be_operated_or_seen_has_a_name_for_a_screen_reader(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        without_name, count = unnamed(page)
        assert without_name == []
        assert count >= 8


def test_without_scripts_the_table_is_there(browser: Chromium, url: str) -> None:
    with shown(browser, url, replace(PHONE, scripts=False)) as page:
        text = page.evaluate("document.body.innerText")
        assert "time to ready" in text
        assert "MISSED" in text
