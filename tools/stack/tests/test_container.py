"""The arguments that a service becomes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Extra, Place, run_arguments
from tools.stack.runner.engine.network import Network
from tools.stack.runner.manifest import Mount, PublishedPort
from tools.stack.runner.runfiles import Runfiles
from tools.stack.tests.samples import service


@pytest.fixture
def place(tmp_path: Path) -> Place:
    network = Network("net", {"web": "10.0.0.10", "db": "10.0.0.11"})
    secrets = Secrets(tmp_path / "secrets")
    return Place("run", network, Runfiles([tmp_path]), tmp_path, secrets, (PublishedPort("web", "http", 8080),))


def options(arguments: list[str]) -> list[tuple[str, str]]:
    """Neighbouring arguments, which are options with their values among others."""
    return list(pairwise(arguments))


def test_every_container_is_locked_down(place: Place) -> None:
    arguments = run_arguments(service("db"), "id", place)
    assert "--read-only" in arguments
    assert {("--cap-drop", "all"), ("--security-opt", "no-new-privileges"), ("--pull", "never")} <= set(
        options(arguments)
    )


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"memory": "1g"}, [("--memory", "1g"), ("--memory-swap", "1g")]),
        ({"cpus": "1.5"}, [("--cpus", "1.5")]),
        ({"shm_size": "64m"}, [("--shm-size", "64m")]),
        ({"user": "1:2"}, [("--user", "1:2")]),
        ({"tmpfs": ("/data",)}, [("--tmpfs", "/data:mode=1777")]),
        ({"tmpfs": ("/data:size=1m",)}, [("--tmpfs", "/data:size=1m")]),
        ({"env": {"DB": "$(ip db):1"}}, [("--env", "DB=10.0.0.11:1")]),
        ({"command": ("/bin/x", "$(ip db)")}, [("--entrypoint", '["/bin/x", "10.0.0.11"]')]),
        ({"ports": {"http": 80}}, [("--publish", "127.0.0.1:8080:80")]),
        ({"stop_timeout": 3.0}, [("--stop-timeout", "3")]),
    ],
)
def test_attributes_become_options(place: Place, attributes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    web = service("web", **{"ports": {"http": 80}, **attributes})
    assert set(expected) <= set(options(run_arguments(web, "id", place)))


def test_criu_is_configured_for_a_service_with_a_snapshot_alone(place: Place) -> None:
    words = [word for word in run_arguments(service("db", snapshot=True), "id", place) if "org.criu.config" in word]
    (annotation,) = words
    assert "tcp-close" in Path(annotation.partition("=")[2]).read_text().split()
    assert not [word for word in run_arguments(service("db"), "id", place) if "org.criu.config" in word]


def test_arguments_follow_the_image(place: Place) -> None:
    extra = Extra(args=("--more",), env={"A": "b"}, writable={Path("/host"): "/inside"}, readable={Path("/a"): "/b"})
    arguments = run_arguments(service("db", args=("--peer", "$(ip web)")), "id", place, extra)
    assert arguments[arguments.index("id") :] == ["id", "--peer", "10.0.0.10", "--more"]
    assert {("--env", "A=b"), ("--volume", "/host:/inside:rw"), ("--volume", "/a:/b:ro")} <= set(options(arguments))


def test_mounts_are_read_only_and_where_the_file_really_is(place: Place, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to("real")
    arguments = run_arguments(service("db", mounts=(Mount("link", "/model"),)), "id", place)
    assert ("--volume", f"{tmp_path}/real:/model:ro") in options(arguments)


def mounted(arguments: list[str], at: str) -> tuple[Path, str]:
    """What is mounted at a path, and how."""
    [(source, mode)] = [
        (value.split(":")[0], value.split(":")[2])
        for option, value in options(arguments)
        if option == "--volume" and value.split(":")[1] == at
    ]
    return Path(source), mode


@pytest.mark.parametrize("attributes", [{"volumes": ("/there",)}, {"outputs": "/there"}])
def test_volumes_and_outputs_are_directories_of_the_run_that_anybody_may_write_to(
    place: Place, tmp_path: Path, attributes: dict[str, Any]
) -> None:
    services = [service(name, ports={"http": 80}, **attributes) for name in ("web", "db")]
    directories = [mounted(run_arguments(each, "id", place), "/there") for each in services]
    for directory, mode in directories:
        assert mode == "rw"
        assert directory.is_dir()
        assert directory.is_relative_to(tmp_path)
        assert directory.stat().st_mode & 0o777 == 0o777
    assert directories[0] != directories[1]


def test_secrets_are_files_and_nothing_else(place: Place) -> None:
    files = {"/run/db.conf": "requirepass {key}\n"}
    web = run_arguments(service("web", ports={"http": 80}, secrets={"key": "/run/key"}), "id", place)
    db = run_arguments(service("db", secret_files=files), "id", place)
    source, mode = mounted(web, "/run/key")
    secret = source.read_text()
    assert mode == "ro"
    assert mounted(db, "/run/db.conf")[0].read_text() == f"requirepass {secret}\n"
    assert not [argument for argument in web + db if secret in argument]
