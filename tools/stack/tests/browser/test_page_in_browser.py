"""The page of a run as people see it: on a phone and a desk, by day and by night, with a keyboard, without scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.browser.chromium import Chromium, Page, Screen, chromium
from tools.browser.looks import DESK, PHONE, SCREENS, assert_fits_and_is_legible, shown, unnamed
from tools.stack.runner.reporting.document import Run, document
from tools.stack.runner.reporting.page import page as render
from tools.stack.tests.runs import FAILED, sample_run


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(Path(os.environ["CHROMIUM"]).absolute().parent, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return sample_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def url(run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(document(run), "the summary"))
    return f"file://{path}"


def active(page: Page) -> str:
    """What has the keyboard's attention: its tag and the beginning of its text."""
    return str(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.innerText.slice(0, 30)"))


@pytest.mark.parametrize("name", SCREENS)
def test_it_fits_and_is_legible(browser: Chromium, url: str, name: str) -> None:
    with shown(browser, url, SCREENS[name]) as page:
        assert_fits_and_is_legible(page, name)


@pytest.mark.parametrize("screen", [PHONE, DESK])
def test_the_timeline_shows_phases_services_and_tests(browser: Chromium, url: str, run: Run, screen: Screen) -> None:
    with shown(browser, url, screen) as page:
        widths = "[...document.querySelectorAll('.plot .bar{}')].map((bar) => bar.getBoundingClientRect().width)"
        for kind, count in ((".phase", 7), (".up", 6), (".critical", len(run.path)), (".fault", 2)):
            found = page.evaluate(widths.format(kind))
            assert len(found) == count, kind
            assert all(width > 0 for width in found), kind
        assert len(page.evaluate(widths.format(".case"))) == len(run.cases)
        assert len(page.evaluate(widths.format(".case.failed"))) == len(FAILED)


@pytest.mark.parametrize("screen", [PHONE, DESK])
def test_times_are_in_the_same_place_in_the_timeline_and_in_the_charts(
    browser: Chromium, url: str, screen: Screen
) -> None:
    with shown(browser, url, screen) as page:
        edges = page.evaluate(
            "[...document.querySelectorAll('.grid, .track, .chart')]"
            ".map((part) => [part.getBoundingClientRect().left, part.getBoundingClientRect().right])"
        )
        assert len(edges) > 10
        assert all(edge == pytest.approx(edges[0], abs=0.5) for edge in edges)


def test_a_bar_lies_where_its_times_are(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        left, right, start, end = page.evaluate(
            "(() => { const box = (name) => document.querySelector(name).getBoundingClientRect();"
            " const bar = [...document.querySelectorAll('.bar.phase')].find((bar) => bar.title.startsWith('tests'))"
            ".getBoundingClientRect(); return [box('.grid').left, box('.grid').right, bar.left, bar.right]; })()"
        )
        assert (start - left) / (right - left) == pytest.approx(25.2 / 97.4, abs=0.002)
        assert (end - left) / (right - left) == pytest.approx(96.0 / 97.4, abs=0.002)


def test_the_diagnosis_comes_first_and_failed_tests_before_the_others(browser: Chromium, url: str, run: Run) -> None:
    with shown(browser, url) as page:
        assert page.evaluate("document.querySelector('main section h2').innerText") == "Diagnosis"
        assert page.evaluate("document.querySelector('.diagnosis').innerText") == str(run.failure)
        outcomes = page.evaluate(
            "[...document.querySelectorAll('.test[id^=test-] .mark .hidden')].map((m) => m.innerText)"
        )
        assert outcomes[: len(FAILED)] == ["failed"] * len(FAILED)
        assert "failed" not in outcomes[len(FAILED) :]


def test_hostile_text_is_shown_and_does_nothing(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert "</script><script>" in page.evaluate(
            "document.querySelector('.log').innerText + document.body.innerText"
        )
        assert page.evaluate("document.querySelectorAll('img, main script').length") == 0
        assert "broken" not in page.evaluate("document.title")


def test_a_window_of_time_is_chosen_with_the_keyboard(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        for _ in range(3):
            page.press("Tab")
        assert active(page) == "BUTTON Start"
        page.press("Enter")
        assert page.evaluate("document.querySelector('button[aria-pressed=true]').innerText") == "Start"
        assert active(page) == "BUTTON Start"
        last = page.evaluate("[...document.querySelectorAll('.axis')[0].children].at(-1).innerText")
        assert float(last.removesuffix(" s")) <= 25.2


def test_a_test_opens_with_the_keyboard_and_from_its_bar(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        page.evaluate("document.querySelector('#test-0 > summary').focus()")
        page.press("Enter")
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert page.evaluate("document.querySelectorAll('#test-0 .log p').length") > 0
        page.evaluate("document.querySelector('a.bar[href=\"#test-39\"]').click()")
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert page.evaluate("document.querySelector('#test-39').open")


def test_a_service_can_be_taken_out_of_a_log(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        count = "[...document.querySelectorAll('#test-7 .log p')].filter((line) => line.checkVisibility()).length"
        before = page.evaluate(count)
        page.evaluate("document.querySelector('#test-7 .services button').click()")
        assert 0 < page.evaluate(count) < before


def test_the_filter_leaves_tests_whose_name_matches(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        page.evaluate(
            "(() => { const field = document.querySelector('input'); field.value = 'CASE_39';"
            " field.dispatchEvent(new Event('input')); })()"
        )
        visible = "[...document.querySelectorAll('.test[id^=test-]')].filter((test) => test.checkVisibility())"
        assert page.evaluate(f"{visible}.map((test) => test.id)") == ["test-39"]


def test_whatever_can_be_operated_has_a_name_for_a_screen_reader(browser: Chromium, url: str) -> None:
    with shown(browser, url) as page:
        without_name, count = unnamed(page)
        assert count > len(FAILED) + 40
        assert without_name == []
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        headings = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "heading"]
        assert headings[0] == "//:stack"


def test_without_scripts_the_diagnosis_and_the_summary_are_there(browser: Chromium, url: str, run: Run) -> None:
    with shown(browser, url, replace(PHONE, scripts=False)) as page:
        text = page.evaluate("document.body.innerText")
        assert str(run.failure) in text
        assert "the summary" in text


def test_a_run_that_passed_has_no_diagnosis(browser: Chromium, run: Run, tmp_path: Path) -> None:
    passed = replace(run, failure=None, cases=[case for case in run.cases if case.outcome == "passed"])
    (tmp_path / "report.html").write_text(render(document(passed), ""))
    with shown(browser, f"file://{tmp_path}/report.html") as page:
        assert page.evaluate("document.querySelector('.verdict').innerText") == "passed"
        assert page.evaluate("document.querySelector('.failure')") is None
