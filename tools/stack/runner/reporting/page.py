"""report.html: the page that a person opens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.pages.page import render

_FILES = Path(__file__).parent / "page"
_SCRIPTS = ("plot.js", "timeline.js", "resources.js", "tests.js", "main.js")


def page(document: Mapping[str, Any], summary: str) -> str:
    """The page; `summary` is what those see whose browser runs no scripts."""
    return render(
        f"{'failed' if document['failure'] else 'passed'}: {document['stack']}",
        document,
        f"{document['failure'] or 'passed'}\n\n{document['evidence']}\n\n{summary}",
        styles=[_FILES / "page.css"],
        scripts=[_FILES / name for name in _SCRIPTS],
    )
