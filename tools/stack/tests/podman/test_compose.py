"""The compose export, brought up and taken down by podman-compose itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.stack.runner.compose.document import project
from tools.stack.tests.podman.harness import OWNED, Harness, free_port, own_image, podman

_PATIENCE = 120.0  # Other stacks may keep the machine busy.


class Composed:
    """An exported stack, and what podman-compose does with it."""

    def __init__(self, harness: Harness, manifest: Path) -> None:
        self.directory = harness.directory / "composed"
        ended = harness.start("compose", manifest, "--output", self.directory).end()
        assert ended.code == 0, ended.error
        self.project = project(harness.label)
        # There is no systemd where these tests run.
        self._checks = subprocess.Popen([self.directory / "healthchecks.sh"])

    def __call__(self, *arguments: str) -> str:
        """Standard output of podman-compose; a failure is the test's."""
        command = [sys.executable, "-m", "podman_compose", "-f", str(self.directory / "compose.yaml"), *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def inspect(self, service: str) -> dict[str, Any]:
        """What podman says of the service's container."""
        (state,) = json.loads(podman("inspect", f"{self.project}_{service}_1"))
        return dict(state)

    def leftovers(self) -> list[str]:
        """Containers, networks and volumes of the project."""
        label = ("--filter", f"label=io.podman.compose.project={self.project}", "--quiet")
        return [
            *podman("ps", "--all", *label).split(),
            *podman("network", "ls", *label).split(),
            *podman("volume", "ls", *label).split(),
        ]

    def end(self) -> None:
        """Removes everything, also after a failure."""
        try:
            self("down", "-v")
        finally:
            self._checks.terminate()
            self._checks.wait()
            images = podman("images", "--quiet", "--filter", f"label={OWNED}={self.project}").split()
            podman("rmi", "--ignore", *images)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def composed(harness: Harness, port: int) -> Iterator[Composed]:
    """Redis with a password and a volume; a web service that needs it, whose check is Python's."""
    redis = {
        "name": "redis",
        "image": own_image(
            Path(os.environ["STACK_REDIS"]).resolve(), harness.directory / "redis", project(harness.label)
        ),
        "image_label": f"{harness.label}:redis",
        "args": ["/run/secrets/redis.conf", "--dir", "/data", "--appendonly", "yes"],
        "ports": {"redis": 6379},
        "probe": {"kind": "redis", "port": "redis", "password": "key"},
        "secret_files": {"/run/secrets/redis.conf": "requirepass {key}\n"},
        "volumes": ["/data"],
        "ready_timeout": 30,
        "stop_timeout": 2,
    }
    steps = ["reach:192.0.2.1", "refuse:/etc/new", "write:/left/note", "write:/kept/note", "write:/tmp/note"]
    steps += ["copy:/run/key:/left/key"]
    web = harness.web(
        "web",
        *steps,
        image=own_image(harness.image, harness.directory / "web", project(harness.label)),
        image_label=f"{harness.label}:web",
        env={"PRICE": "$5 for $(ip redis)"},
        needs=["redis"],
        outputs="/left",
        probe={"kind": "http", "port": "main", "json": {"ok": "true"}},
        secrets={"key": "/run/key"},
        stop_timeout=2,
        tmpfs=["/kept"],
    )
    composed = Composed(harness, harness.manifest(redis, web, publish={"web:main": port}))
    try:
        yield composed
    finally:
        composed.end()
        assert not composed.leftovers()


def test_podman_compose_brings_up_the_same_stack_and_takes_it_down(composed: Composed, port: int) -> None:
    composed("up", "-d", "--wait", "--wait-timeout", "60")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        assert response.status == 200
    redis, web = composed.inspect("redis"), composed.inspect("web")
    for container in (redis, web):
        assert container["State"]["Health"]["Status"] == "healthy"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert not container["EffectiveCaps"]
    assert web["HostConfig"]["Memory"] == 128 << 20
    address = next(iter(redis["NetworkSettings"]["Networks"].values()))["IPAddress"]
    assert f"PRICE=$5 for {address}" in web["Config"]["Env"]
    left = composed.directory / "outputs/web"
    assert (left / "note").is_file()
    assert (left / "key").read_text() == (composed.directory / "secrets/key").read_text()
    composed("down", "-v")
    assert not composed.leftovers()


def test_podman_compose_reads_all_that_the_file_says(composed: Composed) -> None:
    assert composed("config", "--services").split() == ["redis", "web"]
