"""Where --config goes among Bazel's arguments."""

from __future__ import annotations

import pytest

from tools.toolbox.shell import run


def _with_config(*arguments: str) -> list[str]:
    done = run("""with_config offline "$@"; printf '%s\\0' "${arguments[@]}" """, *arguments, parts=("arguments",))
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize(
    ("before", "command", "after"),
    [
        ([], "build", ["//..."]),
        ([], "test", ["//..."]),
        ([], "test", ["//e2e:ray_vllm", "//tools/stack/..."]),
        ([], "test", ["//e2e:ray_vllm", "//orchestrator:service_test"]),
        ([], "test", ["//e2e:all"]),
        ([], "test", ["--test_output=errors", "//e2e:ray_vllm"]),
        ([], "info", []),
        (["--output_base=/x", "--nohome_rc", "--batch"], "query", ["deps(//a)"]),
        (["--output_base", "build", "--max_idle_secs", "5"], "run", ["//tools:stack_up", "--", "test", "-x"]),
        (["--host_jvm_args", "-Xmx1g"], "mod", ["graph"]),
        (["--bazelrc", ""], "build", ["a b", ""]),
    ],
)
def test_config_follows_the_command_word(before: list[str], command: str, after: list[str]) -> None:
    assert _with_config(*before, command, *after) == [*before, command, "--config=offline", *after]


def test_a_test_that_is_named_alone_shows_what_it_does() -> None:
    assert _with_config("--batch", "test", "--nocache_test_results", "//e2e:ray_vllm") == [
        "--batch",
        "test",
        "--test_output=streamed",
        "--config=offline",
        "--nocache_test_results",
        "//e2e:ray_vllm",
    ]


def test_nobody_watches_ci() -> None:
    assert "--test_output=streamed" not in _with_config("test", "--config=ci", "//e2e:faults")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["-h"],
        ["--output_base", "/x"],
        ["help", "build"],
        ["version", "--gnu_format"],
        ["--output_base=/x", "shutdown"],
        ["license"],
    ],
)
def test_what_needs_no_configuration_stays_as_it_is(arguments: list[str]) -> None:
    assert _with_config(*arguments) == arguments
