"""Passing and failing: the verdict and its evidence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tools.stack.tests.podman.harness import Harness


def test_it_passes_and_leaves_evidence(harness: Harness) -> None:
    ended = harness.test(
        harness.web(), tests=["get:http://web:8000/", "say:hello from the tests", "cases:passed,skipped"]
    )
    assert ended.code == 0, ended.error
    assert "hello from the tests" in ended.output
    assert harness.xml.read_text().count("<testcase") == 2
    for name in ("web", "tests"):
        assert (harness.outputs / f"logs/{name}.log").is_file()
        assert (harness.outputs / f"state/{name}.json").is_file()
    for name in ("report.html", "trace.json", "resources.json"):
        assert (harness.outputs / name).is_file()
    assert {phase["name"] for phase in harness.timeline["phases"]} >= {"images", "network", "start", "tests", "remove"}
    assert harness.timeline["failure"] is None
    assert any(line.endswith(" s)") and "web ready" in line for line in ended.error)


def test_the_log_has_what_the_container_said(harness: Harness) -> None:
    harness.test(harness.web("web", "say:hello"), tests=["say:from the tests", "cases:passed"])
    assert (harness.outputs / "logs/web.log").read_text().endswith(" hello\n")
    assert " from the tests\n" in (harness.outputs / "logs/tests.log").read_text()


@pytest.mark.parametrize(
    ("steps", "facts"),
    [
        (["cases:passed,failed", "exit:1"], ["1 of 2", "actor::case1"]),
        (["cases:failed"], ["1 of 1"]),
        (["cases:passed", "exit:1"], ["pytest", "1"]),
        (["cases:passed", "crash"], ["tests exited 139", "SIGSEGV"]),
        (["cases:passed", "eat"], ["tests exited 137", "memory"]),
        (["exit:5"], ["no test ran"]),
        (["say:no XML"], ["XML"]),
        (["cases:"], ["no test ran"]),
        (["cases:skipped"], ["no test ran"]),
    ],
)
def test_it_fails_and_says_why(harness: Harness, steps: Sequence[str], facts: Sequence[str]) -> None:
    ended = harness.test(harness.web(), tests=steps)
    assert ended.code == 1
    for fact in facts:
        assert fact in ended.diagnosis


def test_an_address_takes_the_place_of_its_reference(harness: Harness) -> None:
    ended = harness.test(harness.web(), tests=["get:http://$(ip web):8000/", "cases:passed"])
    assert ended.code == 0, ended.error


def test_tests_that_do_not_end_are_stopped_before_bazel_kills_the_test(harness: Harness) -> None:
    ended = harness.test(harness.web(), tests=["say:at work", "cases:passed", "wait"], TEST_TIMEOUT="27")
    assert "27 s" in ended.diagnosis
    assert "at work" in ended.diagnosis
    # They were interrupted, so that they say where they were and which cases ran.
    assert any("KeyboardInterrupt" in line for line in ended.error)
    assert harness.timeline["tests"][0]["outcome"] == "passed"
    assert ended.seconds < 27
    assert (harness.outputs / "logs/web.log").is_file()


def test_services_share_a_secret_that_is_nowhere_else(harness: Harness) -> None:
    """One service serves its secret file; the tests read theirs; neither podman nor the logs have the text."""
    key = {"secrets": {"key": "/run/secrets/key"}}
    tests = harness.service("tests", "copy:/run/secrets/key:/left/key", "refuse:/run/secrets/key", "cases:passed")
    web = harness.web("web", "copy:/run/conf:/left/conf", secret_files={"/run/conf": "pass {key}\n"}, outputs="/left")
    ended = harness.start("test", harness.manifest(web, tests={**tests, **key, "outputs": "/left"})).end()
    assert ended.code == 0, ended.error
    secret = (harness.outputs / "outputs/tests/key").read_text()
    assert (harness.outputs / "outputs/web/conf").read_text() == f"pass {secret}\n"
    kept = [path for path in harness.outputs.rglob("*") if path.is_file() and "outputs/outputs" not in str(path)]
    assert kept
    assert not [path for path in kept if secret in path.read_text()]
    assert secret not in ended.output + "\n".join(ended.error)


def test_outputs_are_kept_of_a_service_that_failed(harness: Harness) -> None:
    harness.test(harness.service("web", "write:/left/note", "exit:1", outputs="/left"))
    assert (harness.outputs / "outputs/web/note").is_file()
