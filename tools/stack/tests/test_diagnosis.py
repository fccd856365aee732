"""The one line that a person reads first: it must carry the facts."""

from __future__ import annotations

import pytest

from tools.stack.runner.engine.podman import reason_of
from tools.stack.runner.errors import Exit, StackError
from tools.stack.runner.probes import Answer, Readiness
from tools.stack.runner.reporting import diagnosis
from tools.stack.runner.reporting.junit import Case


def test_an_exit_names_service_code_time_cause_and_evidence() -> None:
    line = diagnosis.exited("vllm", Exit(137, True, 41.04), Answer(False, "HTTP 503"), "Loading weights")
    for fact in ("vllm", "137", "41.0 s", "out of memory", "HTTP 503", "Loading weights"):
        assert fact in line


def test_a_service_that_was_ready_is_not_said_to_have_been_unready() -> None:
    assert "ready" not in diagnosis.exited("web", Exit(1, False, 1.0), None, "")
    assert "ready" not in diagnosis.exited("web", Exit(1, False, 1.0), Answer(True, "HTTP 200"), "", ready_for=60)


def test_a_probe_that_said_ready_too_early_is_told_of() -> None:
    line = diagnosis.exited("web", Exit(1, False, 1.0), Answer(True, "HTTP 200"), "", ready_for=0.25)
    for fact in ("web", "exited 1", "HTTP 200", "0.2 s before"):
        assert fact in line


def test_services_that_are_not_ready_any_more_are_named_where_tests_fail() -> None:
    line = diagnosis.suspecting("1 of 2 tests failed: a", {"web": "connection refused", "db": "no answer within 2 s"})
    for fact in ("1 of 2", "web", "connection refused", "db", "no answer within 2 s"):
        assert fact in line
    assert diagnosis.suspecting("1 of 2 tests failed: a", {}) == "1 of 2 tests failed: a"


def test_a_time_out_names_service_limit_attempts_and_evidence() -> None:
    readiness = Readiness()
    readiness.attempts, readiness.last = 50, Answer(False, "connection refused")
    line = diagnosis.not_ready("ray", 90, readiness, "starting")
    for fact in ("ray", "90 s", "50", "connection refused", "starting"):
        assert fact in line


def test_a_time_out_tells_of_processes_that_were_killed_for_memory() -> None:
    line = diagnosis.not_ready("vllm", 90, Readiness(), "", oom_kills=2, limit="4g")
    for fact in ("vllm", "out of memory", "2 of its processes", "4g"):
        assert fact in line
    assert "memory" not in diagnosis.not_ready("vllm", 90, Readiness(), "", limit="4g")


def test_a_service_that_had_to_be_killed_is_told_of_with_its_limit_and_last_line() -> None:
    for fact in ("web", "SIGTERM", "10 s", "working"):
        assert fact in diagnosis.stubborn("web", 10, "working")


def test_a_task_that_does_not_end_is_told_of_with_its_limit_and_last_line() -> None:
    for fact in ("migrate", "task", "90 s", "locking"):
        assert fact in diagnosis.not_done("migrate", 90, "locking")


def test_tests_that_do_not_end_are_told_of_with_their_limit_and_last_line() -> None:
    line = diagnosis.not_ended(300, "test_a.py ..")
    assert "300 s" in line
    assert "test_a.py .." in line


def case(name: str, outcome: str, message: str = "") -> Case:
    return Case(name, outcome, 1.0, message=message)


def test_failed_tests_are_counted_and_named_with_the_reason_of_the_first() -> None:
    line = diagnosis.failed([case("a", "passed"), case("b", "failed", "assert 1 == 2"), case("c", "error", "other")])
    assert "2 of 3" in line
    assert "b (assert 1 == 2), c" in line


def test_many_failed_tests_with_long_reasons_stay_a_line_that_can_be_read() -> None:
    line = diagnosis.failed([case(f"test{number}", "failed", "x" * 10_000) for number in range(50)])
    assert "50 of 50" in line
    assert "45 more" in line
    assert len(line) < 500


@pytest.mark.parametrize(
    ("exit", "cause"),
    [
        (Exit(137, True, 1.0, limit="128m"), "limit of 128m"),
        (Exit(1, True, 1.0, limit="128m"), "killed a process of it at its memory limit of 128m"),
        (Exit(0, False, 1.0), ""),
        (Exit(139, False, 1.0), "SIGSEGV"),
        (Exit(143, False, 1.0), "SIGTERM"),
        (Exit(127, False, 1.0), "not found"),
        (Exit(255, False, 1.0), ""),
        (Exit(1, False, 1.0, error="runc said no"), "runc said no"),
    ],
)
def test_exit_codes_are_explained_where_they_mean_something(exit: Exit, cause: str) -> None:
    assert cause in diagnosis.cause_of(exit) if cause else diagnosis.cause_of(exit) == ""


def test_a_diagnosis_is_always_one_line() -> None:
    assert str(StackError("a\n  b\tc")) == "a b c"


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("Error: no such container x\n", "no such container x"),
        ('time="2026-01-01" level=warning msg="cgroups v1"\nError: cannot clone: EPERM\n', "cannot clone: EPERM"),
        ("something else\n", "something else"),
        ("", ""),
    ],
)
def test_podmans_reason_is_found_in_what_it_prints(stderr: str, reason: str) -> None:
    assert reason_of(stderr) == reason
