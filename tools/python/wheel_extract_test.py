"""wheel_extract takes exactly one member."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.python.wheel_extract import extract


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "program-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("program-1.0.data/scripts/program", "#!/bin/sh\necho hello\n")
        archive.writestr("program-1.0.dist-info/METADATA", "Name: program\n")
        archive.writestr("program-1.0.dist-info/RECORD", "")
    return path


def test_the_member_becomes_executable(wheel: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    extract(wheel, "*/scripts/program", program)
    assert program.read_text().startswith("#!/bin/sh")
    assert program.stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("pattern", ["*/scripts/other", "*.dist-info/*"])
def test_none_or_several_members_are_refused(wheel: Path, tmp_path: Path, pattern: str) -> None:
    with pytest.raises(SystemExit):
        extract(wheel, pattern, tmp_path / "program")
