"""What tells one container from another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tools.stack.runner.engine import content
from tools.stack.runner.manifest import Mount, ProbeSpec, Service
from tools.stack.runner.runfiles import Runfiles
from tools.stack.tests import samples


@pytest.fixture
def service(tmp_path: Path) -> Service:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").write_bytes(bytes(2 << 20))
    (tmp_path / "model/config").write_text("small")
    (tmp_path / "program").write_text("print(1)")
    mounts = (Mount(str(tmp_path / "model"), "/model"), Mount(str(tmp_path / "program"), "/program"))
    return samples.service("web", env={"A": "1"}, mounts=mounts, needs=("db",), volumes=("/data",))


def digest(service: Service, image: str = "one") -> str:
    return content.digest(service, image, Runfiles([]))


def test_the_same_is_the_same(service: Service) -> None:
    assert digest(service) == digest(replace(service))


@pytest.mark.parametrize(
    "change",
    [
        lambda service: replace(service, args=("more",)),
        lambda service: replace(service, env={"A": "2"}),
        lambda service: replace(service, memory="1g"),
        lambda service: replace(service, secrets={"password": "/run/secrets/password"}),
        lambda service: replace(service, mounts=service.mounts[:1]),
        lambda service: replace(service, mounts=(replace(service.mounts[0], target="/other"), service.mounts[1])),
    ],
)
def test_another_declaration_is_another_container(service: Service, change: Callable[[Service], Service]) -> None:
    assert digest(change(service)) != digest(service)


def test_another_image_is_another_container(service: Service) -> None:
    assert digest(service, "two") != digest(service, "one")


@pytest.mark.parametrize("file", ["model/config", "program"])
def test_another_text_of_a_mounted_file_is_another_container_and_another_time_is_not(
    service: Service, tmp_path: Path, file: str
) -> None:
    before = digest(service)
    os.utime(tmp_path / file, (1, 1))
    assert digest(service) == before
    (tmp_path / file).write_text("print(2)")
    assert digest(service) != before


def test_a_large_file_is_known_by_its_size_and_time(service: Service, tmp_path: Path) -> None:
    before = digest(service)
    os.utime(tmp_path / "model/weights", (1, 1))
    assert digest(service) != before


def test_what_is_only_about_waiting_for_it_makes_no_other_container(service: Service) -> None:
    patient = replace(service, ready_timeout=999, needs=(), probe=ProbeSpec("tcp", {"port": "main"}))
    assert digest(patient) == digest(service)
