"""stack_up and stack_down."""

from __future__ import annotations

import signal
import socket
import sys
import urllib.request
from pathlib import Path

from tools.stack.tests.podman.harness import Harness, free_port

# Copies to its own output what a program writes to a terminal that it is given.
IN_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def manifest(harness: Harness, port: int) -> Path:
    web = harness.web("web", "reach:192.0.2.1")
    return harness.manifest(web, publish={"web:main": port}, down="//some:down")


def get(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        return int(response.status)


def test_it_is_up_on_the_published_port_until_ctrl_c(harness: Harness) -> None:
    port = free_port()
    run = harness.start("up", manifest(harness, port))
    run.wait_for(f"127.0.0.1:{port}")
    assert get(port) == 200
    run.signal_group(signal.SIGINT)
    assert run.end(10).code == 0
    assert not harness.leftovers()
    assert any(line.split() == ["web", "HTTP", "200", "main", f"127.0.0.1:{port}"] for line in run.error)


def test_on_a_terminal_the_state_of_all_services_is_drawn_in_place(harness: Harness) -> None:
    stack = harness.manifest(
        harness.web(), harness.service("brief", "sleep:3", "exit:3"), publish={"web:main": free_port()}
    )
    run = harness.start("up", stack, under=(sys.executable, "-c", IN_A_TERMINAL), TERM="xterm", NO_COLOR="1")
    run.wait_for("is up")
    run.wait_for("brief  ended")
    run.wait_for("web    ready")
    shown = [line for line in run.output if "web    ready" in line][-1]
    assert "MB" in shown
    assert "HTTP 200" in shown
    assert any("\x1b[J" in line for line in run.output)
    assert not any("\x1b[3" in line for line in run.output)
    assert harness.start("down", "--stack", harness.label).end().code == 0
    run.end(60)


def test_stack_down_takes_it_down_from_another_terminal(harness: Harness) -> None:
    run = harness.start("up", manifest(harness, free_port()))
    run.wait_for("is up")
    assert harness.start("down", "--stack", harness.label).end().code == 0
    assert not harness.leftovers()
    run.end(5)


def test_detached_it_stays_up_and_no_later_run_sweeps_it_away(harness: Harness) -> None:
    port = free_port()
    run = harness.start("up", manifest(harness, port), "--detach").end()
    assert run.code == 0
    down = f"bazel run //some:down -- --stack={harness.label}"
    assert any(down in line for line in run.error), "it says how to take it down"
    assert harness.test(harness.web(), tests=["cases:passed"]).code == 0
    assert get(port) == 200
    assert harness.start("down", "--stack", harness.label).end().code == 0
    assert not harness.leftovers()


def test_a_second_one_is_told_of_the_first(harness: Harness) -> None:
    run = harness.start("up", manifest(harness, free_port()))
    run.wait_for("is up")
    ended = harness.start("up", harness.manifest(harness.web(), down="//some:down")).end()
    assert ended.code == 1
    assert f"bazel run //some:down -- --stack={harness.label}" in ended.diagnosis
    run.signal_group(signal.SIGTERM)
    run.end(10)


def test_a_taken_port_is_named_before_anything_starts(harness: Harness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        ended = harness.start("up", manifest(harness, port)).end()
    assert ended.code == 1
    assert f"port {port}" in ended.diagnosis
    assert not any("started" in line for line in ended.error)


def test_another_port_can_be_asked_for(harness: Harness) -> None:
    port = free_port()
    run = harness.start("up", manifest(harness, 1), "--publish", f"web:main={port}")
    run.wait_for("is up")
    assert get(port) == 200
    run.signal_group(signal.SIGINT)
    run.end(10)


def test_a_service_that_ends_is_reported_and_the_others_stay(harness: Harness) -> None:
    port = free_port()
    stack = harness.manifest(harness.web(), harness.service("brief", "sleep:2", "exit:3"), publish={"web:main": port})
    run = harness.start("up", stack)
    run.wait_for("brief exited 3")
    assert get(port) == 200
    run.signal_group(signal.SIGINT)
    assert run.end(10).code == 0


def test_nothing_is_left_when_it_is_killed(harness: Harness) -> None:
    run = harness.start("up", manifest(harness, free_port()))
    run.wait_for("is up")
    run.signal_group(signal.SIGKILL)


def test_nothing_to_take_down_is_no_failure(harness: Harness) -> None:
    ended = harness.start("down", "--stack", harness.label).end()
    assert ended.code == 0
    assert "No stack is up" in ended.error[-1]


def test_logs_of_all_services_are_shown_and_followed_until_the_stack_goes(harness: Harness) -> None:
    stack = harness.manifest(
        harness.web("web", "say:first of web"),
        harness.service("other", "say:first of other", "sleep:3", "say:later", "wait"),
        publish={"web:main": free_port()},
    )
    run = harness.start("up", stack)
    run.wait_for("is up")
    follower = harness.start("logs", "--stack", harness.label, "--follow")
    follower.wait_for("first of web")
    follower.wait_for("first of other")
    follower.wait_for("later")
    shown = harness.start("logs", "--stack", harness.label, "other", "--tail", "1").end()
    assert [line.split(maxsplit=1)[1] for line in shown.output.splitlines()] == ["other later"]
    unknown = harness.start("logs", "--stack", harness.label, "nothing").end()
    assert "'nothing'" in unknown.diagnosis
    assert "other, web" in unknown.diagnosis
    run.signal_group(signal.SIGINT)
    run.end(10)
    assert follower.end(10).code == 0


def test_following_logs_ends_well_on_ctrl_c(harness: Harness) -> None:
    run = harness.start("up", harness.manifest(harness.web("web", "say:hello"), publish={"web:main": free_port()}))
    run.wait_for("is up")
    follower = harness.start("logs", "--stack", harness.label, "-f")
    follower.wait_for("hello")
    follower.signal_group(signal.SIGINT)
    ended = follower.end(10)
    assert (ended.code, ended.error) == (0, [])
    run.signal_group(signal.SIGINT)
    run.end(10)


def test_logs_of_a_stack_that_is_not_up(harness: Harness) -> None:
    ended = harness.start("logs", "--stack", harness.label).end()
    assert ended.code == 1
    assert harness.label in ended.diagnosis
    assert "stack_up" in ended.diagnosis
