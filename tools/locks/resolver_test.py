"""The resolver's dealings with uv, which a script stands in for: uv itself needs an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.locks.lock_file import LockedWheel, LockError, Pin
from tools.locks.pip_configuration import Sources
from tools.locks.resolver import Resolver

_SOURCES = Sources(("https://first.invalid/simple", "file:///second"), ("/links",), "/cert.pem")
_ATTRS = Pin("attrs", (), "26.1.0")


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.in"
    path.write_text("attrs\n")
    return path


def _resolver(requirements: Path, script: str) -> Resolver:
    uv = requirements.with_name("uv")
    uv.write_text(f'#!/bin/sh\nset -eu\necho "$*" >>calls\nenv >environment\n{script}\n')
    uv.chmod(0o755)
    return Resolver(uv, _SOURCES, requirements, requirements.with_name("excludes.txt"))


def test_uv_asks_where_pip_would(requirements: Path) -> None:
    resolver = _resolver(requirements, "")
    assert resolver.resolve("attrs==26.1.0\n", ["--upgrade"]) == "attrs==26.1.0\n"
    environment = requirements.with_name("environment").read_text().splitlines()
    assert "SSL_CERT_FILE=/cert.pem" in environment
    assert "UV_DEFAULT_INDEX=https://first.invalid/simple" in environment
    assert "UV_INDEX=https://first.invalid/simple file:///second" in environment
    assert "UV_FIND_LINKS=/links" in environment
    # An index's address may have a password in it, and everybody sees a command line.
    call = requirements.with_name("calls").read_text()
    assert call.startswith("pip compile ")
    assert "--upgrade" in call
    assert "invalid" not in call


def test_uvs_failure_is_the_locks(requirements: Path) -> None:
    with pytest.raises(LockError):
        _resolver(requirements, "exit 1").resolve("", [])


def test_the_wheel_is_found_by_its_url_or_path(requirements: Path) -> None:
    sha256 = "a" * 64
    for location in ('url = "https://files.invalid/x/{}"', 'path = "links/{}"'):
        wheel = location.format("attrs-26.1.0%2Bcpu-py3-none-any.whl")
        resolver = _resolver(
            requirements,
            "cat >pylock.toml <<END\n"
            f'[[packages]]\nname = "attrs"\nwheels = [{{ {wheel}, hashes = {{ sha256 = "{sha256}" }} }}]\n'
            "END",
        )
        assert resolver.wheels([_ATTRS]) == [LockedWheel(_ATTRS, "attrs-26.1.0+cpu-py3-none-any.whl", sha256)]


def test_a_release_without_a_fitting_wheel_is_named(requirements: Path) -> None:
    resolver = _resolver(requirements, 'echo "packages = []" >pylock.toml')
    with pytest.raises(LockError, match=r"attrs==26\.1\.0"):
        resolver.wheels([_ATTRS])
