"""The page that a person opens: one file that needs nothing else, report.html.

Its script only ever sets texts, its data cannot end the element that they are in, and a content security policy lets
nothing run or load but the script and the style that are meant: what a container wrote to its log stays text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

_FILES = Path(__file__).parent / "page"
_SCRIPTS = ("dom.js", "timeline.js", "resources.js", "tests.js", "main.js")


def page(document: Mapping[str, Any], summary: str) -> str:
    """The page; `summary` is what those see whose browser runs no scripts."""
    style = (_FILES / "page.css").read_text()
    script = "\n".join((_FILES / name).read_text() for name in _SCRIPTS)
    return Template((_FILES / "page.html").read_text()).substitute(
        title=html.escape(f"{'failed' if document['failure'] else 'passed'}: {document['stack']}"),
        policy=(
            f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:;"
            f" style-src {_source(style)}; script-src {_source(script)}"
        ),
        style=style,
        script=script,
        data=embedded(document),
        plain=html.escape(f"{document['failure'] or 'passed'}\n\n{document['evidence']}\n\n{summary}"),
    )


def embedded(value: Any) -> str:
    """JSON for the inside of a script element: nothing in it can be read as markup."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
