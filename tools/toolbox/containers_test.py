"""podman's configuration in the toolbox."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.toolbox.shell import output, run


@pytest.mark.parametrize(("limit", "most"), [("unlimited", "9"), ("9", "9"), ("10", "9")])
def test_at_most(limit: str, most: str) -> None:
    assert output('at_most "$1" "$2"', limit, most, parts=("containers",)) == ["9"]


@pytest.fixture
def toolbox(tmp_path: Path) -> Path:
    (tmp_path / "root/etc/containers").mkdir(parents=True)
    return tmp_path


def _configured(toolbox: Path, limits: str) -> dict[str, Any]:
    done = run(f'{limits}; configure_containers "$1"', toolbox, parts=("containers",))
    assert done.returncode == 0, done.stderr
    return tomllib.loads((toolbox / "root/etc/containers/containers.conf").read_text())


def test_limits_are_those_of_the_process(toolbox: Path) -> None:
    conf = _configured(toolbox, "ulimit -n 512; ulimit -u 300")
    assert conf["containers"]["default_ulimits"] == ["nofile=512:512", "nproc=300:300"]
    assert conf["engine"]["runtime"] == "runc"


def test_limits_only_ever_fall(toolbox: Path) -> None:
    _configured(toolbox, "ulimit -n 512; ulimit -u 300")
    assert _configured(toolbox, "ulimit -n 600; ulimit -u 200")["containers"]["default_ulimits"] == [
        "nofile=512:512",
        "nproc=200:200",
    ]
    assert _configured(toolbox, "ulimit -n 700; ulimit -u 400")["containers"]["default_ulimits"] == [
        "nofile=512:512",
        "nproc=200:200",
    ]


def test_storage_is_toml() -> None:
    storage = tomllib.loads("\n".join(output("storage_conf", parts=("containers",))))
    assert storage["storage"]["driver"] == "overlay"
