"""stack_test --keep: a stack that stays up when its tests fail."""

from __future__ import annotations

import re

from tools.stack.tests.podman.harness import Ending, Harness, podman

BY_HAND = {"BUILD_WORKSPACE_DIRECTORY": "/workspace", "TEST_TARGET": "//some:test"}


def keep(harness: Harness, *tests: str, **environment: str) -> Ending:
    manifest = harness.manifest(harness.web(), tests=tests, down="//some:down")
    return harness.start("test", manifest, "--keep", **{**BY_HAND, **environment}).end()


def test_after_a_failure_it_stays_and_it_says_how_to_get_inside_attach_and_take_it_down(harness: Harness) -> None:
    ended = keep(harness, "cases:failed", "exit:1")
    assert ended.code == 1
    assert "1 of 1 tests failed" in ended.diagnosis
    advice = "\n".join(ended.error[ended.error.index(ended.diagnosis) :])
    (inside,) = re.findall(r"podman exec -it (\S+) bash", advice)
    podman("exec", inside, "true")
    assert "bazel run //some:test -- --attach" in advice
    assert f"bazel run //some:down -- --stack={harness.label}" in advice
    assert (harness.outputs / "logs/tests.log").is_file()
    again = harness.start(
        "test", harness.manifest(harness.web(), tests=["get:http://web:8000/", "cases:passed"]), "--attach", **BY_HAND
    )
    assert again.end().code == 0, again.error
    assert harness.start("down", "--stack", harness.label).end().code == 0
    assert not harness.leftovers()


def test_a_service_that_died_is_kept_as_it_died_with_the_others(harness: Harness) -> None:
    manifest = harness.manifest(harness.web(), harness.service("brief", "sleep:1", "exit:3"), tests=["wait"])
    ended = harness.start("test", manifest, "--keep", **BY_HAND).end()
    assert "brief exited 3" in ended.diagnosis
    names = {name.rpartition("-")[2] for name in harness.leftovers()}
    assert {"web", "brief", "tests"} <= names
    assert harness.start("down", "--stack", harness.label).end().code == 0


def test_after_success_nothing_is_left(harness: Harness) -> None:
    assert keep(harness, "cases:passed").code == 0
    assert not harness.leftovers()


def test_bazel_test_is_told_in_one_line_that_it_takes_bazel_run(harness: Harness) -> None:
    ended = keep(harness, "cases:passed", BUILD_WORKSPACE_DIRECTORY="")
    assert ended.code == 1
    assert "bazel run //some:test -- --keep" in ended.diagnosis
    assert not harness.leftovers()


def test_a_stack_that_is_up_already_is_left_alone(harness: Harness) -> None:
    assert keep(harness, "cases:failed", "exit:1").code == 1
    ended = keep(harness, "cases:passed")
    assert ended.code == 1
    assert "already up" in ended.diagnosis
    assert harness.start("down", "--stack", harness.label).end().code == 0
