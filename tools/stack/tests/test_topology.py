"""The order of starting."""

from __future__ import annotations

import pytest

from tools.stack.runner.errors import ManifestError
from tools.stack.runner.running.topology import start_order
from tools.stack.tests.samples import service


def test_what_is_needed_comes_first() -> None:
    order = start_order(
        [service("app", needs=("db", "queue")), service("queue"), service("db", needs=("disk",)), service("disk")]
    )
    assert order.index("disk") < order.index("db") < order.index("app")
    assert order.index("queue") < order.index("app")


def test_a_circle_is_refused_and_shown_in_the_direction_of_needs() -> None:
    services = [service("a", needs=("b",)), service("b", needs=("c",)), service("c", needs=("a",)), service("d")]
    with pytest.raises(ManifestError, match=r"a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c"):
        start_order(services)
