"""What .ci/run does with the verdicts of Bazel."""

import shutil
import subprocess
from pathlib import Path

import pytest

# It notes what it is asked, ends a test run with the next of the statuses, and leaves the events of one.
_BAZELW = """\
#!/bin/bash
echo "$*" >>asked
[[ $1 == test ]] || exit 0
for argument; do
  [[ $argument != --build_event_json_file=* ]] || events=${argument#*=}
done
printf '%s\\n' '{"id":{"testSummary":{}},"testSummary":{"overallStatus":"PASSED"}}' \\
  '{"id":{"testSummary":{}},"testSummary":{"overallStatus":"FAILED"}}' >"$events"
read -r status <statuses
sed -i 1d statuses
exit "$status"
"""
_AGAIN = "--noremote_accept_cached"


@pytest.mark.parametrize(
    ("statuses", "tests_run", "status"),
    [
        pytest.param([0], 1, 0, id="all is well"),
        pytest.param([3], 1, 3, id="tests fail"),
        pytest.param([39, 0], 2, 0, id="the cache is damaged"),
        pytest.param([39, 3], 2, 3, id="the cache is damaged and tests fail"),
    ],
)
def test_only_a_damaged_cache_is_answered_by_another_build(
    tmp_path: Path, statuses: list[int], tests_run: int, status: int
) -> None:
    """The second one begins clean, and asks the cache for nothing."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(".ci/run", tmp_path / ".ci/run")
    (tmp_path / "bazelw").write_text(_BAZELW)
    (tmp_path / "bazelw").chmod(0o755)
    (tmp_path / "statuses").write_text("".join(f"{each}\n" for each in statuses))
    done = subprocess.run([tmp_path / ".ci/run"], capture_output=True, text=True, check=False)
    asked = [line.split() for line in (tmp_path / "asked").read_text().splitlines()]
    assert [words[0] for words in asked] == ["test", *["clean", "test"] * (tests_run - 1), "run"]
    assert [_AGAIN in words for words in asked if words[0] == "test"] == [False, True][:tests_run]
    assert done.returncode == status
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
