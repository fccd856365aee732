"""A copy of the sources in which mutmut can work: it writes beside them, and wants its configuration there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

_CONFIGURATION = """\
[mutmut]
source_paths={package}
do_not_mutate=*_test.py
also_copy={folders}
    pytest.ini
pytest_add_cli_args=
    --hypothesis-seed=0
pytest_add_cli_args_test_selection={tests}
timeout_constant={seconds:g}
timeout_multiplier=1
"""


def lay_out(
    root: Path, folders: Sequence[str], package: Path, tests: Sequence[Path], seconds: float, scratch: Path
) -> None:
    """Copies the Python files of some folders of `root` to `scratch`, and configures mutmut there.

    Args:
        root: where imports begin.
        folders: folders of the root that the tests need.
        package: the folder, below the root, whose modules are mutated.
        tests: folders or files, below the root, with the tests that are run.
        seconds: what a mutant's tests may take beyond what they take without it.
        scratch: an empty folder.
    """
    for folder in folders:
        for source in (root / folder).rglob("*.py"):
            target = scratch / source.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Bazel's files are links; a copy of a link would lead back to the original.
            shutil.copyfile(source, target)
    shutil.copyfile(root / "tools/python/pytest.ini", scratch / "pytest.ini")
    text = _CONFIGURATION.format(
        package=package,
        folders="".join(f"\n    {folder}" for folder in folders),
        tests="".join(f"\n    {test}" for test in tests),
        seconds=seconds,
    )
    (scratch / "setup.cfg").write_text(text)
