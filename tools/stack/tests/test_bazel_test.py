"""What Bazel's environment says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tools.stack.runner.commands.bazel_test import BazelTest, Shard

TESTLOGS = "/cache/execroot/_main/bazel-out/k8-fastbuild/testlogs"


def test_everything_is_read() -> None:
    assert BazelTest.from_environment(
        {
            "TEST_TMPDIR": "/temporary",
            "XML_OUTPUT_FILE": "/test.xml",
            "TEST_UNDECLARED_OUTPUTS_DIR": f"{TESTLOGS}/e2e/faults/test.outputs",
            "TESTBRIDGE_TEST_ONLY": "test_a",
            "TEST_TIMEOUT": "900",
        }
    ) == BazelTest(
        temporary=Path("/temporary"),
        xml=Path("/test.xml"),
        outputs=Path(f"{TESTLOGS}/e2e/faults/test.outputs"),
        filter="test_a",
        timeout=900,
        shown_outputs="bazel-testlogs/e2e/faults/test.outputs",
    )


@pytest.mark.parametrize("environment", [{}, {"TEST_TIMEOUT": "", "TEST_TOTAL_SHARDS": "", "XML_OUTPUT_FILE": ""}])
def test_without_bazel_nothing_is_kept_and_nothing_shared_out(environment: dict[str, str]) -> None:
    assert BazelTest.from_environment(environment) == BazelTest(temporary=Path(tempfile.gettempdir()))


def test_a_shard_has_its_number_and_where_its_outputs_are() -> None:
    bazel = BazelTest.from_environment(
        {
            "TEST_TOTAL_SHARDS": "4",
            "TEST_SHARD_INDEX": "3",
            "TEST_SHARD_STATUS_FILE": "/status",
            "TEST_UNDECLARED_OUTPUTS_DIR": f"{TESTLOGS}/e2e/faults/shard_4_of_4/test.outputs",
        }
    )
    assert bazel.shard == Shard(3, 4, Path("/status"))
    assert bazel.shown_outputs == "bazel-testlogs/e2e/faults/shard_4_of_4/test.outputs"


@pytest.mark.parametrize(
    ("expression", "arguments"),
    [
        ("", []),
        ("test_a or test_b", ["-k", "test_a or test_b"]),
        ("e2e/test_a.py::test_b", ["-k", "test_a.py and test_b"]),
        ("test_a.py::TestC::test_b[x]", ["-k", "test_a.py and TestC and test_b[x]"]),
    ],
)
def test_bazels_filter_becomes_pytests(expression: str, arguments: list[str]) -> None:
    assert BazelTest(Path("/tmp"), filter=expression).filter_arguments() == arguments
