"""Network namespaces that no container is known to have: made here, as podman makes them."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack.runner.removal import remnants

SUBNET, ADDRESS = "10.250.77.0/24", "10.250.77.9"


def namespace(directory: Path, *commands: str, name: str = "") -> Path:
    """A namespace in which these commands of ip were run, with a name such as podman's own."""
    path = directory / (name or f"netns-{uuid.uuid4()}")
    path.touch()
    subprocess.run(["unshare", f"--net={path}", "true"], check=True)
    for command in commands:
        subprocess.run(["nsenter", f"--net={path}", "ip", *command.split()], check=True)
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for path in tmp_path.iterdir():
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)


def there(directory: Path) -> set[Path]:
    return set(directory.iterdir())


UP = "link set lo up"


async def test_those_of_a_subnet_are_removed_and_no_others(directory: Path) -> None:
    namespace(directory, UP, f"address add {ADDRESS}/24 dev lo")
    others = [namespace(directory, UP, "address add 10.250.78.9/24 dev lo"), namespace(directory)]
    await remnants.remove_namespaces([SUBNET], directory)
    assert there(directory) == set(others)


async def test_a_blank_one_is_given_time(directory: Path) -> None:
    blank, used = namespace(directory), namespace(directory, UP)
    assert await remnants.remove_blank_namespaces(directory, age=1000)
    assert blank.exists()
    assert not await remnants.remove_blank_namespaces(directory, age=0)
    assert there(directory) == {used}


async def test_what_has_another_name_is_not_podmans(directory: Path) -> None:
    named = namespace(directory, name="mine")
    assert not await remnants.remove_blank_namespaces(directory, age=0)
    assert named.exists()
