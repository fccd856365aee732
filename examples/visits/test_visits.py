"""What visitors see. These tests run in a container of their own beside the services."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest


def get(path: str) -> Any:
    """The service's answer."""
    url = f"{os.environ['WEB']}{path}"
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # A service of the same stack.
        return json.load(response)


@pytest.fixture
def name() -> str:
    """Somebody who was never there."""
    return uuid.uuid4().hex


def test_the_first_visit_is_the_first(name: str) -> None:
    assert get(f"/visits/{name}") == {"name": name, "visits": 1}


def test_each_visitor_has_a_count(name: str) -> None:
    for _ in range(3):
        get(f"/visits/{name}")
    assert get(f"/visits/{name}-other")["visits"] == 1
    assert get(f"/visits/{name}")["visits"] == 4


def test_other_pages_do_not_exist() -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        get("/elsewhere")
    assert raised.value.code == 404
