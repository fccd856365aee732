"""What is in the data of a page stays data."""

from __future__ import annotations

import json

import pytest

from tools.pages.page import embedded, render


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "&lt;", "\u2028", "\0", "\ud800", "é"])
def test_any_text_survives_being_embedded(text: str) -> None:
    assert json.loads(embedded({"text": text})) == {"text": text}
    assert not set("<>&") & set(embedded(text))


def test_title_and_plain_text_are_text() -> None:
    page = render("<b>&", {}, "<i>", styles=[], scripts=[])
    assert "<title>&lt;b&gt;&amp;</title>" in page
    assert "<i>" not in page
