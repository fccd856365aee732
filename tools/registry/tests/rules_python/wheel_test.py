"""The wheel tool. Its downloads are pip's own, from a folder where it must find everything."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from python.private.pip import wheel as tool

_METADATA = """\
Metadata-Version: 2.4
Name: Some.Program
Version: 1.0
Provides-Extra: fast
Requires-Dist: typing-extensions>=4
Requires-Dist: colorama; sys_platform == "win32"
Requires-Dist: tomli; python_version < "3.11"
Requires-Dist: Cython.Lib; extra == "fast" and platform_machine == "x86_64"
Requires-Dist: some.program[other]; extra == "fast"
"""

_MEMBERS = {
    "some_program/__init__.py": "",
    "some_program/BUILD": "package",
    "some_program-1.0.data/scripts/program": "#!python\n",
    "some_program-1.0.data/purelib/pure.py": "",
    "some_program-1.0.data/data/share/data.txt": "data",
    "some_program-1.0.data/headers/program.h": "",
    "some_program-1.0.dist-info/METADATA": _METADATA,
    "some_program-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    "some_program-1.0.dist-info/RECORD": "",
}

needs_pip = pytest.mark.skipif(
    not list(Path("/usr/share/python-wheels").glob("pip-*.whl")),
    reason="the tool is for the toolbox, which has pip as a wheel",
)


def _write(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    (tmp_path / "links").mkdir()
    return _write(tmp_path / "links/some_program-1.0-py3-none-any.whl", _MEMBERS)


def test_requirements_are_those_of_this_platform_by_extra(wheel: Path) -> None:
    assert tool.requires(wheel) == {
        "": ["typing_extensions"],
        "fast": ["cython_lib", "some_program", "typing_extensions"],
    }


def test_a_file_without_metadata_is_no_wheel(tmp_path: Path) -> None:
    with pytest.raises(tool.WheelError, match="not a wheel"):
        tool.requires(_write(tmp_path / "x-1.0-py3-none-any.whl", {"x.py": ""}))


def test_members_go_where_an_installer_puts_them(wheel: Path, tmp_path: Path) -> None:
    tool.unpack(wheel, tmp_path / "out")
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {
        "bin/program",
        "data/share/data.txt",
        "include/program.h",
        "site-packages/pure.py",
        "site-packages/some_program/__init__.py",
        "site-packages/some_program-1.0.dist-info/METADATA",
        "site-packages/some_program-1.0.dist-info/RECORD",
        "site-packages/some_program-1.0.dist-info/WHEEL",
    }
    assert (tmp_path / "out/bin/program").stat().st_mode & 0o111
    assert not (tmp_path / "out/site-packages/pure.py").stat().st_mode & 0o111


@pytest.mark.parametrize("member", ["../evil", "x-1.0.data/scripts/../../evil", "x-1.0.data/scripts//evil"])
def test_a_member_never_leads_out_of_the_folder(member: str) -> None:
    with pytest.raises(tool.WheelError):
        tool.destination(member)


@pytest.fixture
def from_links(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))


@needs_pip
@pytest.mark.usefixtures("from_links")
def test_a_download_is_the_locked_file(wheel: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    tool.download("some-program==1.0", sha256, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [wheel.name]
    assert (tmp_path / "out" / wheel.name).read_bytes() == wheel.read_bytes()


@needs_pip
@pytest.mark.usefixtures("from_links")
@pytest.mark.parametrize(
    ("requirement", "reason"),
    [("some-program==1.0", "SHA-256 differs"), ("some-program==2.0", "no index"), ("other==1.0", "no index")],
)
def test_a_download_that_fails_says_why_in_one_line(requirement: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(tool.WheelError, match=reason) as error:
        tool.download(requirement, "0" * 64, tmp_path / "out")
    assert str(error.value).startswith(requirement)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("OSError: [Errno 28] No space left on device\n", "no room on the disk"),
        ("WARNING: x\nERROR: something else\nERROR: and more\n", "and more"),
        ("", "pip failed"),
    ],
)
def test_pips_log_is_explained(log: str, reason: str) -> None:
    assert reason in tool.explain("x==1", "0" * 64, log)


def test_a_missing_pip_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_PIP_WHEELS", Path("/nowhere"))
    with pytest.raises(tool.WheelError, match="pip is missing"):
        tool.find_pip()
