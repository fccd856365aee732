"""stack_test --attach and stack_restart: tests against a stack that is up, and what is replaced in it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tools.stack.faults import client
from tools.stack.runner.engine.podman import LABEL_STACK
from tools.stack.tests.podman.conftest import assert_clean
from tools.stack.tests.podman.harness import OWNED, Ending, Harness, Run, own_image, podman

BY_HAND = {"BUILD_WORKSPACE_DIRECTORY": "/workspace"}


class Stack:
    """Two services, of which `web` can be changed: it answers HTTP on port 8000, `other` on 8001."""

    brief: ClassVar = {"stop_timeout": 1}

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.run: Run | None = None

    def manifest(self, *web: str, tests: tuple[str, ...] = (), **attributes: Any) -> Path:
        secrets = {"secrets": {"word": "/run/secrets/word"}}
        other = self.harness.service("other", "serve:8001", "wait", needs=["web"], **self.brief, **secrets)
        service = self.harness.web("web", *web, volumes=["/data"], **self.brief)
        declared = self.harness.service("tests", *tests, **secrets) if tests else ()
        return self.harness.manifest(service, other, tests=declared, **attributes)

    def up(self, *web: str) -> None:
        """From another terminal: not detached."""
        self.run = self.harness.start("up", self.manifest(*web))
        self.run.wait_for("is up")

    def start_attached(self, *web: str, tests: tuple[str, ...] = ("cases:passed",), **attributes: Any) -> Run:
        return self.harness.start("test", self.manifest(*web, tests=tests, **attributes), "--attach", **BY_HAND)

    def attach(self, *web: str, tests: tuple[str, ...] = ("cases:passed",), **attributes: Any) -> Ending:
        return self.start_attached(*web, tests=tests, **attributes).end()

    def restart(self, *services: str, web: tuple[str, ...] = ()) -> Ending:
        return self.harness.start("restart", self.manifest(*web), *services).end()

    def containers(self) -> dict[str, str]:
        """Name without the run's id, and container id."""
        label = f"label={LABEL_STACK}={self.harness.label}"
        lines = podman("ps", "--all", "--filter", label, "--format", "{{.Names}} {{.ID}}").splitlines()
        return {name.rpartition("-")[2]: identifier for name, identifier in (line.split() for line in lines)}


@pytest.fixture
def stack(harness: Harness) -> Iterator[Stack]:
    stack = Stack(harness)
    yield stack
    if stack.run:
        stack.run.signal_group(signal.SIGINT)
        assert stack.run.end(60).code == 0, stack.run.error


def test_tests_run_against_what_is_up_and_it_stays_as_it_is(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    ended = stack.attach(tests=("get:http://web:8000/", "get:http://other:8001/", "say:reached", "cases:passed"))
    assert ended.code == 0, ended.error
    assert "reached" in ended.output
    assert stack.containers() == before


def test_a_failure_of_theirs_is_told_as_in_any_run_and_kept_in_a_folder_that_is_named(stack: Stack) -> None:
    stack.up("say:long ago")
    ended = stack.attach("say:long ago", tests=("say:now", "cases:passed,failed", "exit:1"))
    assert ended.code == 1
    assert "1 of 2 tests failed" in ended.diagnosis
    (kept,) = stack.harness.attached.glob("*")
    assert (kept / "test.xml").is_file()
    assert "now" in (kept / "logs/tests.log").read_text()
    assert "long ago" not in (kept / "logs/web.log").read_text()
    assert {path.name for path in kept.glob("state/*")} == {"web.json", "other.json", "tests.json"}
    assert (kept / "report.html").is_file()


def test_the_image_of_the_tests_is_loaded_where_podman_has_it_not(stack: Stack) -> None:
    stack.up()
    owner = stack.harness.label.rpartition(":")[2]
    image = own_image(stack.harness.image, stack.harness.directory / "image", owner)
    document = json.loads(stack.manifest(tests=("cases:passed",)).read_text())
    document["tests"] |= {"image": image, "image_label": "//images:of_tests"}
    path = stack.harness.directory / "manifest-own-image.json"
    path.write_text(json.dumps(document))
    ended = stack.harness.start("test", path, "--attach", **BY_HAND).end()
    assert ended.code == 0, ended.error
    assert any("//images:of_tests loaded" in line for line in ended.error)
    podman("rmi", *podman("images", "--all", "--quiet", "--filter", f"label={OWNED}={owner}").split())


def test_they_are_given_the_secrets_of_that_stack(stack: Stack) -> None:
    stack.up()
    tests = stack.harness.service(
        "tests",
        "copy:/run/secrets/word:/out/word",
        "cases:passed",
        secrets={"word": "/run/secrets/word"},
        outputs="/out",
    )
    manifest = json.loads(stack.manifest().read_text()) | {"tests": tests}
    path = stack.harness.directory / "manifest-with-outputs.json"
    path.write_text(json.dumps(manifest))
    assert stack.harness.start("test", path, "--attach", **BY_HAND).end().code == 0
    (kept,) = stack.harness.attached.glob("*")
    theirs = podman("exec", stack.containers()["other"], "cat", "/run/secrets/word")
    assert (kept / "outputs/tests/word").read_text() == theirs


def test_only_what_differs_is_replaced_and_who_keeps_the_stack_up_takes_it_for_no_failure(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    ended = stack.attach("write:/tmp/new", tests=("get:http://web:8000/", "cases:passed"))
    assert ended.code == 0, ended.error
    after = stack.containers()
    assert after["web"] != before["web"]
    assert after["other"] == before["other"]
    podman("exec", after["web"], "test", "-e", "/tmp/new")
    assert stack.run
    stack.run.wait_for("web was replaced")
    assert not any("exited" in line for line in stack.run.error)
    assert stack.attach("write:/tmp/new").code == 0
    assert stack.containers() == after


def test_a_file_that_it_mounts_is_a_reason_to_replace_it(stack: Stack) -> None:
    actor = stack.harness.directory / "actor.py"
    actor.write_bytes(stack.harness.actor.read_bytes())
    stack.harness.actor = actor
    stack.up()
    before = stack.containers()
    actor.write_text(actor.read_text() + "\n# Another one.\n")
    assert stack.restart().code == 0
    after = stack.containers()
    assert {name for name in after if after[name] != before[name]} == {"web", "other"}


def test_volumes_and_logs_go_on_in_the_one_that_takes_its_place(stack: Stack) -> None:
    stack.up("say:old words")
    podman("exec", stack.containers()["web"], "touch", "/data/kept")
    assert stack.restart(web=("say:new words",)).code == 0
    podman("exec", stack.containers()["web"], "test", "-e", "/data/kept")
    shown = stack.harness.start("logs", "--stack", stack.harness.label, "web").end()
    assert [line.split(maxsplit=2)[2] for line in shown.output.splitlines()] == ["old words", "new words"]


def test_a_service_that_ended_is_there_again(stack: Stack) -> None:
    stack.up()
    podman("kill", stack.containers()["web"])
    assert stack.run
    stack.run.wait_for("web exited 137")
    ended = stack.attach(tests=("get:http://web:8000/", "cases:passed"))
    assert ended.code == 0, ended.error
    stack.run.wait_for("web was replaced")


def test_a_service_that_is_new_in_the_declaration_is_added_and_all_know_its_name(stack: Stack) -> None:
    stack.up()
    document = json.loads(stack.manifest(tests=("get:http://new:8000/", "cases:passed")).read_text())
    document["services"].append(stack.harness.web("new"))
    path = stack.harness.directory / "manifest-with-new.json"
    path.write_text(json.dumps(document))
    ended = stack.harness.start("test", path, "--attach", **BY_HAND).end()
    assert ended.code == 0, ended.error
    assert " new" in podman("exec", stack.containers()["web"], "cat", "/etc/hosts")


def test_a_service_that_is_no_longer_declared_stays_and_is_told_of_once(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    document = json.loads(stack.manifest(tests=("cases:passed",)).read_text())
    document["services"] = document["services"][:1]
    path = stack.harness.directory / "manifest-without-other.json"
    path.write_text(json.dumps(document))
    ended = stack.harness.start("test", path, "--attach", **BY_HAND).end()
    assert ended.code == 0, ended.error
    assert len([line for line in ended.error if "other" in line and "no longer declared" in line]) == 1
    assert stack.containers() == before


def test_the_one_that_is_asked_for_is_replaced_also_when_it_is_the_same(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    ended = stack.restart("other")
    assert ended.code == 0, ended.error
    after = stack.containers()
    assert {name for name in after if after[name] != before[name]} == {"other"}
    assert stack.restart().code == 0
    assert stack.containers() == after


def test_where_the_new_one_does_not_start_it_says_why_and_the_others_stay(stack: Stack) -> None:
    stack.up()
    other = stack.containers()["other"]
    ended = stack.restart(web=("say:no way", "exit:3"))
    assert ended.code == 1
    assert "web exited 3" in ended.diagnosis
    assert "no way" in ended.diagnosis
    assert stack.containers()["other"] == other
    mended = stack.restart()
    assert mended.code == 0, mended.error


def test_one_that_is_never_ready_is_not_taken_for_ready_by_the_next(stack: Stack) -> None:
    stack.up()
    document = json.loads(stack.manifest().read_text())
    document["services"][0] |= {"args": ["wait"], "ready_timeout": 2, "stop_timeout": 1}
    document["tests"] = stack.harness.service("tests", "cases:passed")
    path = stack.harness.directory / "manifest-unready.json"
    path.write_text(json.dumps(document))
    for _ in range(2):
        ended = stack.harness.start("test", path, "--attach", **BY_HAND).end()
        assert ended.code == 1
        assert "web is not ready after 2 s" in ended.diagnosis


def test_two_at_once_do_not_meet(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    runs = [
        stack.start_attached(tests=("say:here", "sleep:1", "get:http://web:8000/", "cases:passed")) for _ in range(2)
    ]
    assert [run.end().code for run in runs] == [0, 0], [run.error for run in runs]
    assert stack.containers() == before
    assert len(list(stack.harness.attached.glob("*/test.xml"))) == 2


def test_nothing_is_replaced_under_tests_that_run_on_it(stack: Stack) -> None:
    stack.up()
    first = stack.start_attached(tests=("say:testing", "sleep:2", "get:http://web:8000/", "cases:passed"))
    first.wait_for("testing")
    second = stack.start_attached("write:/tmp/new")
    second.wait_for("waiting for others")
    assert first.end().code == 0, first.error
    assert second.end().code == 0, second.error


def test_tests_that_hurt_services_have_the_stack_for_themselves_and_what_they_did_is_undone(stack: Stack) -> None:
    stack.up()
    path = stack.manifest(
        tests=(
            "fault:kill web",
            "lost:http://web:8000/",
            "fault:start web",
            "fault:cut tests web",
            "fault:slow other 200",
            "fault:pause other",
            "cases:passed",
        ),
        faults=True,
    )
    document = json.loads(path.read_text())
    library = {"source": str(Path(client.__file__).resolve()), "target": "/app/tools/stack/faults/client.py"}
    document["tests"]["mounts"].append(library)
    path.write_text(json.dumps(document))
    before = stack.containers()
    ended = stack.harness.start("test", path, "--attach", **BY_HAND).end()
    assert ended.code == 0, ended.error
    assert stack.containers() == before
    reach = ("get:http://web:8000/", "quick:http://other:8001/")
    assert stack.attach(tests=(*reach, "cases:passed")).code == 0
    assert stack.run
    stack.run.wait_for("web was replaced")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_when_it_is_ended_only_the_tests_container_goes(stack: Stack, number: signal.Signals) -> None:
    stack.up()
    before = stack.containers()
    run = stack.start_attached(tests=("say:testing", "wait"))
    run.wait_for("testing")
    assert set(stack.containers()) == {"web", "other", "tests"}
    run.signal_group(number)
    run.end()
    assert_gone(stack)
    assert stack.containers() == before
    assert stack.attach().code == 0


def assert_gone(stack: Stack) -> None:
    """The tests' container goes within ten seconds."""
    deadline = time.monotonic() + 10
    while "tests" in stack.containers():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_when_the_stack_is_taken_down_the_tests_end_and_nothing_is_left(stack: Stack) -> None:
    stack.up()
    run = stack.start_attached(tests=("say:testing", "wait"))
    run.wait_for("testing")
    assert stack.harness.start("down", "--stack", stack.harness.label).end().code == 0
    assert run.end().code == 1
    assert stack.run
    stack.run.end(60)
    stack.run = None
    assert_clean(stack.harness)


@pytest.mark.parametrize("command", ["test", "restart"])
def test_without_a_stack_it_says_how_to_bring_one_up(stack: Stack, command: str) -> None:
    manifest = stack.manifest(tests=("cases:passed",), up="//some:program")
    attach = ["--attach"] if command == "test" else []
    ended = stack.harness.start(command, manifest, *attach, **BY_HAND).end()
    assert ended.code == 1
    assert stack.harness.label in ended.diagnosis
    assert "bazel run //some:program" in ended.diagnosis


def test_a_service_that_is_not_declared_is_named_with_those_that_are(stack: Stack) -> None:
    stack.up()
    before = stack.containers()
    ended = stack.restart("webb")
    assert ended.code == 1
    assert "'webb'" in ended.diagnosis
    assert "web, other" in ended.diagnosis
    assert stack.containers() == before
