"""Tasks between services; and a service that should say in its log that it is ready."""

from __future__ import annotations

import pytest

from tools.stack.tests.podman.harness import Harness


def test_a_task_is_done_before_what_needs_it_starts_and_its_end_is_no_failure(harness: Harness) -> None:
    task = harness.service("migrate", "get:http://db:8000/", "sleep:1", needs=["db"], task=True)
    ended = harness.test(
        harness.web("db"), task, harness.web("web", needs=["migrate"]), tests=["sleep:1", "cases:passed"]
    )
    assert ended.code == 0, ended.error
    times = harness.timeline["services"]
    assert times["migrate"]["started"] >= times["db"]["ready"]
    assert times["web"]["started"] >= times["migrate"]["exited"]


@pytest.mark.parametrize(
    ("steps", "facts"),
    [
        (["say:no such table", "exit:3"], ["migrate exited 3", "no such table"]),
        (["eat"], ["migrate exited 137", "out of memory"]),
        (["say:migrating", "wait"], ["migrate", "task", "2 s", "migrating"]),
    ],
)
def test_a_task_that_fails_or_hangs_is_the_diagnosis(harness: Harness, steps: list[str], facts: list[str]) -> None:
    task = harness.service("migrate", *steps, task=True, ready_timeout=2 if "wait" in steps else 30)
    ended = harness.test(task, harness.web("web", needs=["migrate"]))
    assert ended.code == 1
    for fact in facts:
        assert fact in ended.diagnosis
    assert "web started" not in "\n".join(ended.error)


def test_a_log_that_does_not_say_so_is_told_of(harness: Harness) -> None:
    probe = {"kind": "log", "pattern": "listening"}
    ended = harness.test(harness.service("web", "say:starting", "wait", probe=probe, ready_timeout=2))
    for fact in ("web is not ready after 2 s", "'listening'", "starting"):
        assert fact in ended.diagnosis
