"""Pages that a person opens: one file that needs nothing else.

Their scripts only ever set texts, their data cannot end the element that they are in, and a content security policy lets
nothing run or load but the scripts and styles that are meant: what is in the data stays text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

_HERE = Path(__file__).parent


def render(title: str, data: Mapping[str, Any], plain: str, *, styles: Sequence[Path], scripts: Sequence[Path]) -> str:
    """The page.

    The styles follow base.css, and the scripts dom.js: they find `data`, as JSON, in the element with the id "data", and
    build into that with the id "page". `plain` is what those see whose browser runs no scripts.
    """
    style = "\n".join(path.read_text() for path in (_HERE / "base.css", *styles))
    script = "\n".join(path.read_text() for path in (_HERE / "dom.js", *scripts))
    return Template((_HERE / "page.html").read_text()).substitute(
        title=html.escape(title),
        policy=(
            f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:;"
            f" style-src {_source(style)}; script-src {_source(script)}"
        ),
        style=style,
        script=script,
        data=embedded(data),
        plain=html.escape(plain),
    )


def embedded(value: Any) -> str:
    """JSON for the inside of a script element: nothing in it can be read as markup."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
