"""Where toolboxes are, and how they are removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.toolbox.shell import FOLDER, output, run

_PARTS = ("say", "host", "root", "processes", "remove")
_LOCATE = 'bazel_version=$2 tools=$1 host_id=debian host_version=$3 && locate_root && echo "$toolbox"'


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir()
    for path in FOLDER.glob("*"):
        if path.suffix in {".sh", ".txt"}:
            shutil.copy(path, folder)
    return folder


def _toolbox(tools: Path, *, bazel: str = "7.7.1", debian: str = "12") -> Path:
    [line] = output(_LOCATE, tools, bazel, debian, parts=_PARTS, env={"XDG_CACHE_HOME": "/cache"})
    return Path(line)


def test_a_toolbox_is_in_the_cache_folder(tools: Path) -> None:
    assert _toolbox(tools).parent == Path("/cache/ray-vllm-toolbox")
    [line] = output(_LOCATE, tools, "7.7.1", "12", parts=_PARTS, env={"XDG_CACHE_HOME": "", "HOME": "/home/a"})
    assert Path(line).parent == Path("/home/a/.cache/ray-vllm-toolbox")


@pytest.mark.parametrize("name", ["packages.txt", "recipe.sh", "holder.sh"])
def test_what_goes_into_it_makes_another(tools: Path, name: str) -> None:
    before = _toolbox(tools)
    with (tools / name).open("a") as file:
        file.write("\n# changed\n")
    assert _toolbox(tools) != before


def test_versions_make_another(tools: Path) -> None:
    assert len({_toolbox(tools), _toolbox(tools, bazel="7.7.2"), _toolbox(tools, debian="13")}) == 3


def test_other_files_make_no_other(tools: Path) -> None:
    before = _toolbox(tools)
    for path in tools.glob("*"):
        if path.name not in {"packages.txt", "recipe.sh", "holder.sh"}:
            path.write_text(path.read_text() + "\n# changed\n")
    (tools / "new.sh").touch()
    assert _toolbox(tools) == before


def test_removal_takes_a_toolbox_away(tmp_path: Path) -> None:
    toolbox = tmp_path / "base" / "key"
    (toolbox / "root" / "a").mkdir(parents=True)
    output('base=$1; remove_toolbox "$2"', toolbox.parent, toolbox, parts=_PARTS)
    assert list(toolbox.parent.iterdir()) == []


def test_removal_stops_at_a_mount(tmp_path: Path) -> None:
    (tmp_path / "tree" / "mounted").mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    done = run(
        'unshare --mount bash -c \'. "$0/say.sh"; . "$0/remove.sh"; '
        'mount --bind "$1/precious" "$1/tree/mounted" || exit 77; remove_tree "$1/tree"\' "$1" "$2"',
        FOLDER,
        tmp_path,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 0
    assert "umount" in done.stderr
    assert (tmp_path / "precious" / "file").exists()
    assert (tmp_path / "tree").exists()


def test_in_use() -> None:
    assert output("in_use / && echo yes", parts=_PARTS) == ["yes"]
    assert output("in_use /proc || echo no", parts=_PARTS) == ["no"]
