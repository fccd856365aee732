"""What the fault tests came to, all shards in one: `bazel run //e2e:fault_table`, after they have run."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from e2e.faults.table import FILE, Row, text

_OUTPUTS = "test.outputs/outputs/tests"
_SHARD = re.compile(r"shard_\d+_of_(\d+)")


def rows(test: Path) -> list[Row]:
    """The rows of a test's last run, by the folder of its logs: of its shards together, or of the one that had all."""
    runs: dict[str, list[Path]] = {}
    for file in sorted([*test.glob(f"{_OUTPUTS}/{FILE}"), *test.glob(f"shard_*/{_OUTPUTS}/{FILE}")]):
        shard = _SHARD.match(file.relative_to(test).parts[0])
        runs.setdefault(shard[1] if shard else "", []).append(file)
    newest = max(runs.values(), key=lambda files: max(file.stat().st_mtime for file in files), default=[])
    return [Row(**document) for file in newest for document in json.loads(file.read_text())]


def show(logs: Path) -> str:
    """The table, and the figures of load and latency; `logs` is where Bazel keeps those of //e2e. "" is none."""
    found = rows(logs / "faults")
    figures = [logs / "load" / _OUTPUTS / name for name in ("latency.txt", "load.txt")]
    parts = [text(found)] if found else []
    return "\n".join(parts + [file.read_text() for file in figures if file.is_file()])


def main() -> int:
    """1 where no test has left anything."""
    shown = show(Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), "bazel-testlogs/e2e"))
    if not shown:
        print("there is nothing yet: run //e2e:faults and //e2e:load first", file=sys.stderr)
        return 1
    print(shown, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
