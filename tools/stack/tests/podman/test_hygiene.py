"""What a service owes its stack: that it starts, is ready, and ends when it is told to."""

from __future__ import annotations

from tools.stack.tests.podman.harness import Ending, Harness


def hygiene(harness: Harness, *services: dict[str, object], name: str = "web") -> Ending:
    return harness.start("hygiene", harness.manifest(*services), name).end()


def test_a_service_that_starts_and_ends_passes(harness: Harness) -> None:
    ended = hygiene(harness, harness.web("db"), harness.web("web", "obedient", needs=["db"]))
    assert ended.code == 0, ended.error
    assert any("web ended with 0" in line for line in ended.error)


def test_a_service_that_has_to_be_killed_fails_and_says_why(harness: Harness) -> None:
    ended = hygiene(harness, harness.web("web", "say:working", "stubborn", stop_timeout=1))
    assert ended.code == 1
    for fact in ("web", "1 s", "SIGTERM", "working"):
        assert fact in ended.diagnosis


def test_a_service_that_is_not_ready_fails_as_in_a_stack(harness: Harness) -> None:
    assert "web exited 3" in hygiene(harness, harness.web("web", "exit:3")).diagnosis


def test_a_task_ends_by_itself(harness: Harness) -> None:
    assert hygiene(harness, harness.service("web", "say:done", task=True)).code == 0


def test_a_service_that_is_not_in_the_stack_is_told_of(harness: Harness) -> None:
    ended = hygiene(harness, harness.web("web"), name="wbe")
    assert ended.code == 1
    assert "wbe" in ended.diagnosis
