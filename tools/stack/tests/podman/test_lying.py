"""Probes that lie: what they said of a service was not, or not for long, so. The diagnosis names the service."""

from __future__ import annotations

from tools.stack.tests.podman.harness import Harness

URL = "http://web:8000/"


def test_a_service_that_ends_right_after_it_was_ready(harness: Harness) -> None:
    web = harness.service(
        "web", "serve:8000", "sleep:1", "say:no licence", "exit:3", probe={"kind": "http", "port": "main"}
    )
    ended = harness.test(web, harness.web("slow", "sleep:20"))
    assert ended.code == 1
    for fact in ("web exited 3", "HTTP 200", "ready", "no licence"):
        assert fact in ended.diagnosis


def test_a_service_that_stops_answering_while_tests_run(harness: Harness) -> None:
    tests = ["sleep:1.5", f"lost:{URL}", "cases:passed,failed", "exit:1"]
    ended = harness.test(harness.web("other"), harness.web("web", "deaf:1"), tests=tests)
    assert ended.code == 1
    for fact in ("1 of 2", "web", "not any more", "connection refused"):
        assert fact in ended.diagnosis
    assert "other" not in ended.diagnosis


def test_a_port_that_is_open_before_the_service_speaks(harness: Harness) -> None:
    """The probe asks for a connection only; what needs the service finds out, and is named with what it met."""
    web = harness.service("web", "listen:8000", "wait", probe={"kind": "tcp", "port": "main"})
    client = harness.web("client", f"get:{URL}", needs=["web"])
    ended = harness.test(web, client)
    assert ended.code == 1
    for fact in ("client exited 1", "timed out"):
        assert fact in ended.diagnosis


def test_a_service_that_is_ready_before_what_it_forgot_to_need(harness: Harness) -> None:
    """It says that it is ready, and cannot do its work, since nothing made it wait for the other one."""
    web = harness.web("web", "serve:8000", f"get:{URL.replace('web', 'db')}")
    db = harness.web("db", "sleep:20")
    ended = harness.test(web, db)
    assert ended.code == 1
    for fact in ("web exited 1", "refused"):
        assert fact in ended.diagnosis
