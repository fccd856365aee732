"""Tests whose container is started beside the services, and waits until all are ready."""

from __future__ import annotations

from tools.stack.tests.podman.harness import Ending, Harness, Run, podman

BY_HAND = {"BUILD_WORKSPACE_DIRECTORY": "/workspace", "TEST_TARGET": "//some:test"}


def start(harness: Harness, service: dict[str, object], *tests: str, option: tuple[str, ...] = ()) -> Run:
    manifest = harness.manifest(service, tests=tests, tests_start_early=True)
    return harness.start("test", manifest, *option, **BY_HAND)


def run(harness: Harness, service: dict[str, object], *tests: str) -> Ending:
    return start(harness, service, *tests).end()


def test_they_are_loaded_while_services_start_and_run_when_these_are_ready(harness: Harness) -> None:
    ended = run(harness, harness.web("web", "sleep:1"), "gate", "get:http://web:8000/", "cases:passed")
    assert ended.code == 0, ended.error
    times = harness.timeline["services"]
    assert times["tests"]["started"] < times["web"]["ready"] < times["tests"]["exited"]


def test_what_cannot_be_loaded_is_the_diagnosis_before_the_services_are_ready(harness: Harness) -> None:
    service = harness.service("web", "wait", probe={"kind": "http", "port": "main"})
    ended = run(harness, service, "say:no module named e2e", "exit:4")
    assert ended.code == 1
    assert "tests exited 4" in ended.diagnosis
    assert "no module named e2e" in ended.output


def test_services_that_are_never_ready_are_the_diagnosis(harness: Harness) -> None:
    service = harness.service("web", "wait", probe={"kind": "http", "port": "main"}, ready_timeout=2)
    ended = run(harness, service, "gate", "say:I ran", "cases:passed")
    assert ended.code == 1
    assert "web" in ended.diagnosis
    assert "I ran" not in ended.output


def test_a_program_that_does_not_wait_is_told_of_even_though_it_passes(harness: Harness) -> None:
    for service in (harness.web(), harness.web("web", "sleep:2")):
        ended = run(harness, service, "sleep:1", "cases:passed")
        assert ended.code == 1
        assert "starts_early" in ended.diagnosis


def test_a_stack_that_is_kept_because_it_was_never_ready_has_no_tests_that_go_on(harness: Harness) -> None:
    service = harness.service("web", "wait", probe={"kind": "http", "port": "main"}, ready_timeout=2)
    assert start(harness, service, "gate", "wait", option=("--keep",)).end().code == 1
    label = f"label=tools.stack.stack={harness.label}"
    names = podman("ps", "--filter", label, "--format", "{{.Names}}").split()
    assert [name.rpartition("-")[2] for name in names] == ["web"]
    assert harness.start("down", "--stack", harness.label).end().code == 0


def test_attached_they_wait_until_what_differs_is_replaced(harness: Harness) -> None:
    up = harness.start("up", harness.manifest(harness.web()), "--detach")
    assert up.end().code == 0, up.error
    changed = harness.web("web", "sleep:1", volumes=["/data"])
    ended = start(
        harness, changed, "gate", "get:http://web:8000/save/data/new", "cases:passed", option=("--attach",)
    ).end()
    assert ended.code == 0, ended.error
    started = next(number for number, line in enumerate(ended.error) if "tests started" in line)
    assert any("web ready" in line for line in ended.error[started:])
    assert harness.start("down", "--stack", harness.label).end().code == 0


def test_attached_they_know_a_service_that_was_declared_later(harness: Harness) -> None:
    up = harness.start("up", harness.manifest(harness.web()), "--detach")
    assert up.end().code == 0, up.error
    manifest = harness.manifest(
        harness.web(),
        harness.web("later"),
        tests=["gate", "get:http://$(ip later):8000/", "cases:passed"],
        tests_start_early=True,
    )
    ended = harness.start("test", manifest, "--attach", **BY_HAND).end()
    assert ended.code == 0, ended.error
    assert harness.start("down", "--stack", harness.label).end().code == 0
