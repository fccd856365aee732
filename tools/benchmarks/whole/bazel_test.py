"""What Bazel says of a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.benchmarks.core.benchmark import MeasurementFailed
from tools.benchmarks.whole.bazel import bazel, elapsed


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    return tmp_path


def script(workspace: Path, text: str) -> None:
    (workspace / "bazelw").write_text(f"#!/bin/sh\n{text}\n")
    (workspace / "bazelw").chmod(0o755)


async def test_it_is_called_in_the_workspace_and_both_times_are_taken(workspace: Path) -> None:
    script(workspace, "pwd; echo INFO: Elapsed time: 0.125s, Critical Path: 0.01s; echo $*")
    called = await bazel(["test", "//a:b"])
    assert called.elapsed == 0.125
    assert 0 < called.wall < 60
    assert str(workspace) in called.text
    assert "test //a:b" in called.text


async def test_a_test_that_failed_is_told_by_its_diagnosis(workspace: Path) -> None:
    script(workspace, "echo noise; echo FAILED: vllm exited 137 after 41 s; echo '//a:b FAILED in 1 of 1'; exit 3")
    with pytest.raises(MeasurementFailed, match="vllm exited 137"):
        await bazel(["test", "//a:b"])


async def test_without_bazel_run_there_is_no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    with pytest.raises(MeasurementFailed, match="bazel run"):
        await bazel(["info"])


def test_a_call_that_says_no_time_is_no_measurement() -> None:
    with pytest.raises(MeasurementFailed):
        elapsed("INFO: Build completed")
