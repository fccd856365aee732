"""What every page owes those who look at it: the screens that it is tried on, and what makes it hard to read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tools.browser.chromium import Chromium, Page, Screen

PHONE, DESK = Screen(390, 844, mobile=True), Screen(1280, 900)
SCREENS = {
    "phone": PHONE,
    "phone-dark": replace(PHONE, dark=True),
    "small-phone": Screen(320, 568, mobile=True),
    "desk": DESK,
    "desk-dark": replace(DESK, dark=True),
}

_CONTRAST = Path(__file__).parent / "contrast.js"


@contextmanager
def shown(browser: Chromium, url: str, screen: Screen = DESK) -> Iterator[Page]:
    """A page from file://, of which nothing may complain, and which may load nothing but itself."""
    with browser.open(url, screen) as page:
        yield page
        _none("complaints", page.problems)
        own = url.partition("#")[0]
        _none("requests", [request for request in page.requests if request.partition("#")[0] != own])


def assert_fits_and_is_legible(page: Page, name: str) -> None:
    """Nothing lies beyond the screen's edge, and each text stands out. The test's outputs get a picture NAME.png."""
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        raise AssertionError(f"{name}: the page is wider than its screen")
    _none("texts that are hard to read", page.evaluate(_CONTRAST.read_text()))
    outputs = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
    if outputs:
        page.screenshot(Path(outputs) / f"{name}.png")


def unnamed(page: Page) -> tuple[list[str], int]:
    """What a screen reader finds no name for, among what can be operated or stands for a picture; and how many are."""
    roles = ("button", "link", "searchbox", "image", "DisclosureTriangle")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    operable = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
    return [node["role"]["value"] for node in operable if not node["name"]["value"].strip()], len(operable)


def _none(what: str, found: Sequence[str]) -> None:
    if found:
        raise AssertionError(f"{what}: {found}")
