"""benchmarks.html."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.pages.page import render

_FILES = Path(__file__).parent / "page"


def page(document: Mapping[str, Any], plain: str) -> str:
    """The page; `plain` is what those see whose browser runs no scripts."""
    return render("benchmarks", document, plain, styles=[_FILES / "page.css"], scripts=[_FILES / "main.js"])
