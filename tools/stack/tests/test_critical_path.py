"""Which waits made the start as long as it was."""

from __future__ import annotations

from tools.stack.runner.reporting.critical_path import Leg, critical_path
from tools.stack.runner.reporting.timeline import ServiceTimes
from tools.stack.tests.samples import service


def times(image: float, started: float | None = None, ready: float | None = None) -> ServiceTimes:
    return ServiceTimes(image_ready=image, started=started, ready=ready)


def test_it_leads_through_what_was_needed_to_what_was_ready_last() -> None:
    services = [service("db"), service("cache"), service("app", needs=("db", "cache")), service("alone")]
    path = critical_path(
        services,
        {"db": times(2, 3, 10), "cache": times(1, 2, 4), "app": times(2, 11, 15), "alone": times(1, 2, 14)},
        began=1,
        until=15,
    )
    assert path == [
        Leg("db", "image", 1, 2),
        Leg("db", "create", 2, 3),
        Leg("db", "ready", 3, 10),
        Leg("app", "create", 10, 11),
        Leg("app", "ready", 11, 15),
    ]


def test_a_late_image_counts_and_not_what_was_needed() -> None:
    path = critical_path(
        [service("db"), service("app", needs=("db",))],
        {"db": times(1, 2, 3), "app": times(8, 9, 10)},
        began=0,
        until=10,
    )
    assert path == [Leg("app", "image", 0, 8), Leg("app", "create", 8, 9), Leg("app", "ready", 9, 10)]


def test_after_a_failure_it_leads_to_what_was_not_ready() -> None:
    path = critical_path(
        [service("db"), service("app", needs=("db",)), service("web")],
        {"db": times(1, 2), "app": times(1), "web": times(1, 2, 3)},
        began=0,
        until=30,
    )
    assert path == [Leg("db", "image", 0, 1), Leg("db", "create", 1, 2), Leg("db", "ready", 2, 30)]


def test_where_nothing_began_there_is_no_path() -> None:
    assert critical_path([service("db")], {}, began=0, until=1) == []
