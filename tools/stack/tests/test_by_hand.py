"""What a person can ask of a stack_test."""

from __future__ import annotations

import pytest

from tools.stack.runner.commands.by_hand import parse
from tools.stack.runner.errors import ManifestError

RUN = {"BUILD_WORKSPACE_DIRECTORY": "/workspace", "TEST_TARGET": "//e2e:ray_vllm"}
TEST = {"TEST_TARGET": "//e2e:ray_vllm"}


def test_what_is_not_asked_of_us_is_pytest_s() -> None:
    arguments = ["-k", "not slow", "--attach", "e2e/suite/test_a.py::test_b[1]", "-h", "--maxfail=1"]
    wishes = parse(arguments, RUN)
    assert wishes.attach
    assert not wishes.keep
    assert list(wishes.pytest) == [word for word in arguments if word != "--attach"]


def test_under_bazel_test_all_is_pytest_s() -> None:
    assert parse(["-x"], TEST).pytest == ("-x",)


@pytest.mark.parametrize("wish", ["--attach", "--keep"])
def test_what_outlasts_the_run_takes_bazel_run(wish: str) -> None:
    with pytest.raises(ManifestError) as raised:
        parse([wish], TEST)
    assert f"bazel run //e2e:ray_vllm -- {wish}" in str(raised.value)


def test_help_teaches_with_the_target_s_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"], RUN)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "bazel run //e2e:ray_vllm -- --attach" in shown
    assert "--keep" in shown
