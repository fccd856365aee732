"""The stack as the BUILD file declares it: the JSON that the rules write, checked and typed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.stack.runner.errors import ManifestError

VERSION = 1
_IP_REFERENCE = re.compile(r"\$\(ip ([^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or directory of the host, read-only in the container. `source` is a runfiles path."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """How to ask a service whether it is ready.

    `options` are the arguments of the probe function in defs.bzl. `at` names another service to ask instead.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One container. The attributes are those of the `service` rule in defs.bzl; times are in seconds.

    A `task` is done when it has ended with 0.

    `secrets` maps the names of secrets to paths in the container, `secret_files` paths to templates.
    """

    name: str
    image: str
    image_label: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    probe: ProbeSpec | None = None
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    volume_size: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    secret_files: Mapping[str, str] = field(default_factory=dict)
    outputs: str = ""
    memory: str = ""
    cpus: str = ""
    shm_size: str = ""
    user: str = ""
    task: bool = False
    snapshot: bool = False
    ready_timeout: float = 90.0
    stop_timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A service's port made reachable on 127.0.0.1."""

    service: str
    port: str
    host_port: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is known about a stack before it runs. With `faults`, tests may hurt its services.

    `tests_start_early` is whether the tests' container starts beside the services, and waits: its entry point is pytest
    then. `healthchecks` are commands that stand for the probes of services where the harness is not there to ask. `up` and
    `down` are labels of the programs that bring the stack up for people and take it down, where the declaration says so.
    """

    label: str
    services: tuple[Service, ...]
    tests: Service | None = None
    tests_start_early: bool = False
    publish: tuple[PublishedPort, ...] = ()
    faults: bool = False
    healthchecks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    up: str = ""
    down: str = ""

    def service(self, name: str) -> Service:
        """Raises ManifestError for an unknown name."""
        for service in self.services:
            if service.name == name:
                return service
        raise ManifestError(f"{self.label}: there is no service '{name}' ({', '.join(s.name for s in self.services)})")


def load(path: Path) -> Manifest:
    """Reads and checks a manifest. Raises ManifestError."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ManifestError(f"cannot read the stack's manifest {path}: {error}") from error
    return parse(data)


def parse(data: Mapping[str, Any]) -> Manifest:
    """Checks and types the decoded JSON. Raises ManifestError."""
    if data.get("version") != VERSION:
        raise ManifestError(f"the manifest has version {data.get('version')!r}; this runner reads {VERSION}")
    try:
        manifest = Manifest(
            label=data["label"],
            services=tuple(_service(entry) for entry in data["services"]),
            tests=_service(data["tests"]) if data.get("tests") else None,
            tests_start_early=bool(data.get("tests_start_early", False)),
            publish=tuple(_published(key, port) for key, port in data.get("publish", {}).items()),
            faults=bool(data.get("faults", False)),
            healthchecks={name: tuple(command) for name, command in data.get("healthchecks", {}).items()},
            up=data.get("up", ""),
            down=data.get("down", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"the manifest is malformed: {type(error).__name__} {error}") from error
    _check(manifest)
    return manifest


def expand(text: str, addresses: Mapping[str, str]) -> str:
    """Replaces each `$(ip SERVICE)` by that service's address. Raises ManifestError for an unknown service."""

    def address(match: re.Match[str]) -> str:
        try:
            return addresses[match[1]]
        except KeyError:
            raise ManifestError(f"{match[0]} names an unknown service ({', '.join(addresses)})") from None

    return _IP_REFERENCE.sub(address, text)


def references(service: Service) -> set[str]:
    """The services whose address `service` uses in its arguments or environment."""
    texts = (*service.command, *service.args, *service.env.values())
    return {name for text in texts for name in _IP_REFERENCE.findall(text)}


def _service(data: Mapping[str, Any]) -> Service:
    return Service(
        name=data["name"],
        image=data["image"],
        image_label=data.get("image_label", ""),
        command=tuple(data.get("command", ())),
        args=tuple(data.get("args", ())),
        env=dict(data.get("env", {})),
        ports={name: int(port) for name, port in data.get("ports", {}).items()},
        needs=tuple(data.get("needs", ())),
        probe=_probe(data["probe"]) if data.get("probe") else None,
        mounts=tuple(Mount(mount["source"], mount["target"]) for mount in data.get("mounts", ())),
        tmpfs=tuple(data.get("tmpfs", ())),
        volumes=tuple(data.get("volumes", ())),
        volume_size=data.get("volume_size", ""),
        secrets=dict(data.get("secrets", {})),
        secret_files=dict(data.get("secret_files", {})),
        outputs=data.get("outputs", ""),
        memory=data.get("memory", ""),
        cpus=data.get("cpus", ""),
        shm_size=data.get("shm_size", ""),
        user=data.get("user", ""),
        task=bool(data.get("task", False)),
        snapshot=bool(data.get("snapshot", False)),
        ready_timeout=float(data.get("ready_timeout", 90)),
        stop_timeout=float(data.get("stop_timeout", 10)),
    )


def _probe(data: Mapping[str, Any]) -> ProbeSpec:
    options = dict(data)
    return ProbeSpec(options.pop("kind"), at=options.pop("at", ""), options=options)


def _published(key: str, host_port: Any) -> PublishedPort:
    service, separator, port = key.partition(":")
    if not separator:
        raise ValueError(f"publish needs SERVICE:PORT, not {key!r}")
    return PublishedPort(service, port, int(host_port))


def _check(manifest: Manifest) -> None:
    names = [service.name for service in manifest.services]
    known = set(names)
    for name in known:
        if names.count(name) > 1:
            raise ManifestError(f"{manifest.label}: there are {names.count(name)} services called '{name}'")
    containers = [*manifest.services, *([manifest.tests] if manifest.tests else [])]
    for service in containers:
        blame = f"{manifest.label}: service '{service.name}'"
        for need in set(service.needs) - known:
            raise ManifestError(f"{blame} needs '{need}', which is not in the stack")
        if service.probe and service.probe.at and service.probe.at not in known:
            raise ManifestError(f"{blame} has a probe that asks '{service.probe.at}', which is not in the stack")
        if service.probe and service.task:
            raise ManifestError(f"{blame} is a task, and has a probe")
        for name in references(service) - known:
            raise ManifestError(f"{blame} uses $(ip {name}), which is not in the stack")
    for name in manifest.healthchecks.keys() - known:
        raise ManifestError(f"{manifest.label}: there is a health check for '{name}', which is not in the stack")
    for published in manifest.publish:
        if published.port not in manifest.service(published.service).ports:
            blame = f"{manifest.label}: service '{published.service}'"
            raise ManifestError(f"{blame} has no port '{published.port}' to publish")
