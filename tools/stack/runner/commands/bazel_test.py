"""What Bazel tells a test (https://bazel.build/reference/test-encyclopedia)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the cases to run: that of number `index`, from 0, of `total`.

    Bazel wants the file `status` made by whoever keeps to it.
    """

    index: int
    total: int
    status: Path | None = None


@dataclass(frozen=True, slots=True)
class BazelTest:
    """`timeout` is in seconds; 0 is none. `shard` is None where all cases are to run.

    `shown_outputs` is where a person finds `outputs` when the test is over.
    """

    temporary: Path
    xml: Path | None = None
    outputs: Path | None = None
    filter: str = ""
    timeout: float = 0
    shown_outputs: str = ""
    shard: Shard | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> BazelTest:
        """Works without Bazel, too: then there are no outputs."""
        outputs = _path(environment, "TEST_UNDECLARED_OUTPUTS_DIR")
        return cls(
            temporary=Path(environment.get("TEST_TMPDIR") or tempfile.gettempdir()),
            xml=_path(environment, "XML_OUTPUT_FILE"),
            outputs=outputs,
            filter=environment.get("TESTBRIDGE_TEST_ONLY", ""),
            timeout=float(environment.get("TEST_TIMEOUT") or 0),
            shown_outputs=shown(outputs),
            shard=_shard(environment),
        )

    def filter_arguments(self) -> list[str]:
        """pytest's arguments for Bazel's --test_filter: an expression of -k, or a node id ("test_a.py::test_b")."""
        expression = self.filter
        if not expression:
            return []
        if "::" in expression:
            expression = " and ".join(part for part in expression.rpartition("/")[2].split("::") if part)
        return ["-k", expression]


def _shard(environment: Mapping[str, str]) -> Shard | None:
    total = int(environment.get("TEST_TOTAL_SHARDS") or 0)
    if not total:
        return None
    return Shard(int(environment.get("TEST_SHARD_INDEX") or 0), total, _path(environment, "TEST_SHARD_STATUS_FILE"))


def shown(outputs: Path | None) -> str:
    """A directory of outputs by the link that Bazel makes in the workspace; a shard and a run of several have their own in it."""
    _, separator, below = str(outputs or "").rpartition("/testlogs/")
    return f"bazel-testlogs/{below}" if separator else ""


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None
